"""Why a write was forbidden: a missing right, or an admission rule. Both answer 403 and need other next steps."""

from typing import Final

from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError, MemberError
from kubefleet.kube.object_ref import ObjectRef
from kubefleet.kube.refused_write import explain, is_transient
from kubefleet.kube.reviews import may

_NO_RIGHT: Final = "forbidden: no right to"
# Server-side apply of an object that is not there needs both, each restricted to that name.
APPLY_VERBS: Final = ("patch", "create")


def explain_forbidden(connection: Connection, ref: ObjectRef, error: ApiError, verbs: tuple[str, ...]) -> str:
    """The missing rule if the server denies one of `verbs` on that object to us, else what admission said.

    Costs one access review a verb (no write). A full quota, a terminating namespace, and whatever is refused when the
    review itself fails are told as they came.
    """
    if is_transient(error):
        return explain(error)
    try:
        denied = tuple(verb for verb in verbs if not _allowed(connection, ref, verb))
    except MemberError:
        return explain(error)
    if not denied:
        return f"refused by admission: {error.message}. Change the object, or that rule in the cluster."
    where = f" in namespace `{ref.namespace}`" if ref.namespace else ""
    rule = f"{', '.join(denied)} on {_resource(connection, ref)} `{ref.name}`{where}"
    if connection.rights:
        return f"{_NO_RIGHT} {rule}. {connection.rights} should grant it. Run `pulumi up` again: it writes that anew."
    return f"{_NO_RIGHT} {rule}. Grant it to the identity that runs this."


def explain_apply(connection: Connection, ref: ObjectRef, error: ApiError) -> str:
    """Why an apply was refused, whatever the reason."""
    return explain_forbidden(connection, ref, error, APPLY_VERBS) if error.status == 403 else explain(error)


def is_missing_right(why: str) -> bool:
    """Whether what was told of a refused write is that the right to it is missing."""
    return why.startswith(_NO_RIGHT)


def _allowed(connection: Connection, ref: ObjectRef, verb: str) -> bool:
    found = connection.apis().find(ref.api_version, ref.kind)
    return may(connection, verb, ref.group, found.plural if found else "", ref.namespace, ref.name)


def _resource(connection: Connection, ref: ObjectRef) -> str:
    found = connection.apis().find(ref.api_version, ref.kind)
    plural = found.plural if found else ref.kind
    return f"{plural}.{ref.group}" if ref.group else plural
