"""The revision that a placement had before, kept in the cluster while it changes: what a rollback goes back to.

A Secret `<uid>.before` beside the inventory object, since manifests may hold Secrets, which must not stand in the
stack's state a second time. What was applied is read off the live objects: our manager's fields. It is there only from
the first write of a new revision until that is completed.
"""

import base64
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import BadAnswer
from kubefleet.kube.inventory_object import KIND_LABEL, NAMESPACE
from kubefleet.kube.managed_fields import applied, managed_by
from kubefleet.kube.object_access import delete_if_there, find
from kubefleet.kube.object_ref import ObjectRef
from kubefleet.kube.placement_identity import PlacementIdentity

_KEY: Final = "objects.json.gz"
_TYPE: Final = "pulumi-kubefleet/revision"


@dataclass(frozen=True, slots=True)
class KeptRevision:
    """`manifests` as they were applied on this cluster, by `apiVersion/Kind/namespace/name`."""

    revision: str
    manifests: Mapping[str, Mapping[str, Any]]


def kept_from(revision: str, live: Mapping[ObjectRef, Mapping[str, Any] | None], manager: str) -> KeptRevision:
    """What our manager has applied of live objects; those that are gone are left out. Pure."""
    manifests = {}
    for ref, item in live.items():
        for entry in managed_by(item or {}):
            if item is not None and entry.manager == manager and entry.operation == "Apply" and not entry.subresource:
                body = applied(item, entry.fields)
                address = {"name": ref.name, **({"namespace": ref.namespace} if ref.namespace else {})}
                metadata = {**(body.get("metadata") or {}), **address}
                key = f"{ref.api_version}/{ref.kind}/{ref.namespace}/{ref.name}"
                manifests[key] = {**body, "apiVersion": ref.api_version, "kind": ref.kind, "metadata": metadata}
    return KeptRevision(revision, manifests)


def keep_revision(connection: Connection, kept: KeptRevision, identity: PlacementIdentity) -> None:
    """Store it, in place of whatever is stored. The inventory object's namespace must be there."""
    content = json.dumps({"revision": kept.revision, "manifests": kept.manifests}, sort_keys=True).encode()
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": _name(identity.uid), "namespace": NAMESPACE, "labels": {KIND_LABEL: "revision"}},
        "type": _TYPE,
        "data": {_KEY: base64.b64encode(gzip.compress(content, mtime=0)).decode()},
    }
    path = f"/api/v1/namespaces/{NAMESPACE}/secrets/{_name(identity.uid)}"
    connection.patch(path, body, fieldManager=identity.manager, force=True)


def read_kept_revision(connection: Connection, uid: str) -> KeptRevision | None:
    """What is stored, or None. Raises BadAnswer when it cannot be read."""
    live = find(connection, kept_ref(uid))
    if live is None:
        return None
    try:
        content = json.loads(gzip.decompress(base64.b64decode(live["data"][_KEY])))
        return KeptRevision(str(content["revision"]), dict(content["manifests"]))
    except (KeyError, TypeError, ValueError, OSError, EOFError) as error:
        why = f"Secret `{_name(uid)}` in namespace `{NAMESPACE}` cannot be read ({type(error).__name__}). Delete it"
        raise BadAnswer(connection.name, why) from error


def forget_revision(connection: Connection, uid: str) -> None:
    """Delete it; nothing there is no error."""
    delete_if_there(connection, kept_ref(uid))


def kept_ref(uid: str) -> ObjectRef:
    """Where it stands."""
    return ObjectRef("v1", "Secret", NAMESPACE, _name(uid))


def _name(uid: str) -> str:
    return f"{uid}.before"
