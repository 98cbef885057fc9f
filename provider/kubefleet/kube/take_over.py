"""Taking over an object that is there already: what its author wrote becomes ours, so that a field that is left out
later really goes.

A client-side apply or an update leaves an entry `Update` in `managedFields`; fields under it would stay for ever, since
server-side apply removes only what its own manager gives up. As `kubectl apply --server-side` does with
`kubectl-client-side-apply` (k8s.io/client-go/util/csaupgrade), these entries become ours first. Whoever has written
none of the fields that we apply is no author: a controller's annotations stay the controller's.
"""

import time
from collections.abc import Mapping
from typing import Any

from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError
from kubefleet.kube.managed_fields import Managed, beyond, contested, differing, held, managed_by, united
from kubefleet.kube.manifest import content_of
from kubefleet.kube.object_access import apply_body, find, path_to
from kubefleet.kube.object_ref import ref_of
from kubefleet.kube.patience import Patience
from kubefleet.kube.pause import CONTENDED, pause_after_conflict

_LONGEST = 50
_OTHER = "kubefleet"
_PATCH = "application/json-patch+json"
_CLIENT_SIDE = ".metadata.annotations.kubectl.kubernetes.io/last-applied-configuration"


def take_over(
    connection: Connection, live: Mapping[str, Any], body: Mapping[str, Any], manager: str, patience: Patience
) -> None:
    """Make the authors' entries ours, and change nothing else. Raises ApiError, 409 where it is another object
    meanwhile, or changes all the time.
    """
    ref, end = ref_of(live), time.monotonic() + CONTENDED
    while (entries := migrated(live, body, manager)) is not None:
        # The resourceVersion is a precondition (409): what it says was read is what becomes ours.
        operations = [
            {"op": "test", "path": "/metadata/uid", "value": ref.uid},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
            {"op": "replace", "path": "/metadata/managedFields", "value": entries},
        ]
        try:
            connection.patch(path_to(connection, ref), operations, _PATCH)
            return
        except ApiError as error:
            if error.status != 409 or time.monotonic() >= end or not pause_after_conflict(connection.name, patience):
                raise
        live = find(connection, ref) or live


def migrated(live: Mapping[str, Any], body: Mapping[str, Any], manager: str) -> list[dict[str, Any]] | None:
    """The `managedFields` after it; None where nobody else is an author. Pure."""
    version = body["apiVersion"]
    entries = (live.get("metadata") or {}).get("managedFields") or []
    authors = [entry for entry in entries if entry.get("apiVersion") == version and _is_author(entry, body)]
    if not authors:
        return None
    fields: Mapping[str, Any] = {}
    rest = []
    for entry in entries:
        ours = (entry.get("manager"), entry.get("operation"), entry.get("apiVersion")) == (manager, "Apply", version)
        if entry in authors or (ours and not entry.get("subresource")):
            fields = united(fields, entry["fieldsV1"])
        else:
            rest.append(dict(entry))
    mine = {"manager": manager, "operation": "Apply", "apiVersion": version, "fieldsType": "FieldsV1"}
    return [*rest, {**mine, "time": max(str(entry.get("time") or "") for entry in authors), "fieldsV1": dict(fields)}]


def differences(
    connection: Connection, live: Mapping[str, Any], body: Mapping[str, Any], manager: str
) -> tuple[str, ...]:
    """The fields that taking it over would change or remove, as `.spec.ports`. Costs a dry run or two.

    Raises ApiError.
    """
    after = apply_body(connection, body, manager=manager, force=True, dry_run=True)
    changed = set(differing(_shown(live), _shown(after)))
    ours: Mapping[str, Any] = {}
    for entry in managed_by(after):
        if entry.manager == manager and entry.operation == "Apply":
            ours = united(ours, entry.fields)
    going = [beyond(entry.fields, ours) for entry in managed_by(live) if _writes(entry, body)]
    if any(going):
        # What its author had only from the server's defaults goes, and comes again.
        made = _made_anew(connection, body, manager)
        for fields in going:
            changed |= set(contested(live, made, fields))
    return tuple(sorted(changed - {_CLIENT_SIDE}))


def _made_anew(connection: Connection, body: Mapping[str, Any], manager: str) -> Mapping[str, Any]:
    """The object with all defaults, as if it were made under another name; nothing where no other may be made."""
    name = f"{body['metadata']['name'][:_LONGEST]}-{_OTHER}"
    other = {**body, "metadata": {**body["metadata"], "name": name}}
    try:
        return apply_body(connection, other, manager=manager, force=True, dry_run=True)
    except ApiError:
        return {}


def _shown(item: Mapping[str, Any]) -> dict[str, Any]:
    """What of a live object is the users': no status, nothing that the server sets, no annotation of ours."""
    content = content_of(item)
    content.pop("status", None)
    metadata = content.get("metadata") or {}
    kept = {key: metadata[key] for key in ("labels", "annotations", "finalizers", "ownerReferences") if key in metadata}
    return {**content, "metadata": kept}


def _is_author(entry: Any, body: Mapping[str, Any]) -> bool:
    fields = entry.get("fieldsV1")
    if not isinstance(fields, Mapping):
        return False
    operation, subresource = str(entry.get("operation") or ""), str(entry.get("subresource") or "")
    return _writes(Managed(str(entry.get("manager") or ""), operation, subresource, fields), body)


def _writes(entry: Managed, body: Mapping[str, Any]) -> bool:
    return entry.operation == "Update" and not entry.subresource and any(held(body, entry.fields))
