"""What a refused write means and what to do about it: one line per ApiError, with managers and fields, never values."""

from typing import Final

from kubefleet.kube.errors import ApiError

_FIELDS_SHOWN: Final = 4


def explain(error: ApiError) -> str:
    """Why the server refused an apply or a delete, ending with the next step."""
    if error.status == 409:
        return _conflict(error)
    if error.status in (400, 422) or _is_untyped(error):
        return f"invalid: {_causes(error) or error.message}. Correct the manifest."
    if error.status == 403:
        if _is_terminating(error):
            return f"{error.message}. Wait until the namespace is gone, then run `pulumi up` again."
        return f"forbidden: {error.message}. Grant the missing right, or change what the admission rule objects to."
    if error.status == 404 and error.details.get("kind") == "namespaces":
        return f"namespace `{error.details.get('name')}` does not exist. Create it, or add it to the manifests."
    if error.status == 404:
        return f"not found: {error.message}. Check apiVersion and kind, or apply the CRD first."
    return f"{error.status} {error.reason}: {error.message}. Run `pulumi up` again."


def is_transient(error: ApiError) -> bool:
    """Whether the same write may pass a little later: a full quota, a terminating namespace, a busy server."""
    if error.status in (429, 500, 502, 503, 504):
        return not _is_untyped(error)
    if error.status == 409:
        return not _managers(error)
    return error.status == 403 and (_is_terminating(error) or "exceeded quota" in error.message)


def _is_untyped(error: ApiError) -> bool:
    """Whether the manifest has a field that its kind has not: server-side apply answers 500 to that."""
    return "failed to create typed patch object" in error.message


def _is_terminating(error: ApiError) -> bool:
    return any(cause.reason == "NamespaceTerminating" for cause in error.causes)


def _managers(error: ApiError) -> dict[str, list[str]]:
    """Fields by manager, from the causes `conflict with "kubectl" using apps/v1` of an apply."""
    managers: dict[str, list[str]] = {}
    for cause in error.causes:
        if cause.reason == "FieldManagerConflict":
            quoted = cause.message.split('"')
            managers.setdefault(quoted[1] if len(quoted) > 1 else cause.message, []).append(cause.field)
    return managers


def _conflict(error: ApiError) -> str:
    managers = _managers(error)
    if not managers:
        return f"changed while it was written: {error.message}. Run `pulumi up` again."
    parts = []
    for manager in sorted(managers):
        fields = sorted(managers[manager])
        more = f" and {len(fields) - _FIELDS_SHOWN} more" if len(fields) > _FIELDS_SHOWN else ""
        parts.append(f"`{manager}` holds {', '.join(fields[:_FIELDS_SHOWN])}{more}")
    return f"{'; '.join(parts)}. Give these fields up there, or leave them out of the manifest."


def _causes(error: ApiError) -> str:
    return "; ".join(f"{cause.field}: {cause.message}" if cause.field else cause.message for cause in error.causes)
