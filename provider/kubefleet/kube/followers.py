"""Leaving an object that stays: to its other owners, or to nobody."""

from collections.abc import Mapping
from typing import Any

from kubefleet.kube.connection import Connection
from kubefleet.kube.managed_fields import NOTHING, applied, managed_by
from kubefleet.kube.manifest import OUR_ANNOTATIONS
from kubefleet.kube.object_access import apply_body
from kubefleet.kube.object_ref import ref_of
from kubefleet.kube.placement_identity import is_manager_of


def release(connection: Connection, live: Mapping[str, Any], uid: str) -> None:
    """Give up all that this placement applied: what other managers applied too stays, the rest is removed.

    An apply without fields does that. The resourceVersion is a precondition (ApiError 409), so nothing is created anew.
    """
    _reapply(connection, live, uid, {})


def disown(connection: Connection, live: Mapping[str, Any], uid: str) -> None:
    """Leave the object as it is, only no longer ours: the content stays, our annotations go."""
    _reapply(connection, live, uid, None)


def _reapply(connection: Connection, live: Mapping[str, Any], uid: str, content: dict[str, Any] | None) -> None:
    ref = ref_of(live)
    address = {"name": ref.name, "resourceVersion": live["metadata"]["resourceVersion"]}
    if ref.namespace:
        address["namespace"] = ref.namespace
    for entry in managed_by(live):
        if entry.operation != "Apply" or entry.subresource or not is_manager_of(entry.manager, uid):
            continue
        body = _kept(live, entry.fields) if content is None else dict(content)
        body |= {
            "apiVersion": ref.api_version,
            "kind": ref.kind,
            "metadata": body.get("metadata", {}) | address,
        }
        stored = apply_body(connection, body, manager=entry.manager, force=True)
        address["resourceVersion"] = stored["metadata"]["resourceVersion"]


def _kept(live: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """What a manager applied, less our own annotations."""
    content = applied(live, fields)
    body = dict(content) if content is not NOTHING else {}
    metadata = dict(body.get("metadata") or {})
    annotations = {
        key: value
        for key, value in (metadata.pop("annotations", None) or {}).items()
        if not key.startswith(OUR_ANNOTATIONS)
    }
    if annotations:
        metadata["annotations"] = annotations
    body["metadata"] = metadata
    return body
