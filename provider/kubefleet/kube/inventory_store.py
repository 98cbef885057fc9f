"""Reading and writing the inventory object of one placement, and its home, the namespace `pulumi-kubefleet`.

The namespace is shared by all placements the way every follower is: one owner annotation each. Applying it before a new
inventory object changes its resourceVersion, so that whoever is just deleting it as the last owner fails and sees.
"""

import time
from dataclasses import replace
from typing import Final

from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError, BadAnswer
from kubefleet.kube.followers import release
from kubefleet.kube.inventory_object import (
    NAMESPACE,
    InventoryObject,
    format_inventory_object,
    parse_inventory_object,
)
from kubefleet.kube.manifest import body_of
from kubefleet.kube.object_access import apply_body, delete_if_there, delete_live, find
from kubefleet.kube.object_ref import ObjectRef
from kubefleet.kube.ownership import is_going, may_delete, owners, was_created
from kubefleet.kube.patience import Patience
from kubefleet.kube.pause import CONTENDED, pause, pause_after_conflict
from kubefleet.kube.placement_identity import PlacementIdentity

HOME: Final = ObjectRef("v1", "Namespace", "", NAMESPACE)
_PAUSE: Final = 0.3
_MOMENT: Final = 10


def read_inventory_object(connection: Connection, uid: str) -> InventoryObject | None:
    """What is recorded, or None. Raises BadAnswer when the record is malformed or of a newer schema."""
    live = find(connection, _ref(uid))
    try:
        return None if live is None else parse_inventory_object(live)
    except ValueError as error:
        raise BadAnswer(connection.name, str(error)) from error


def write_inventory_object(
    connection: Connection, inventory: InventoryObject, identity: PlacementIdentity, patience: Patience
) -> InventoryObject:
    """Store it; gives it with its new resourceVersion. A new one makes sure of the namespace first.

    Raises ApiError 409 when it was changed since it was read.
    """
    if not inventory.resource_version:
        _ensure_home(connection, identity, patience)
    stored = connection.patch(
        _path(inventory.uid),
        format_inventory_object(inventory),
        fieldManager=identity.manager,
        force=True,
    )
    return replace(inventory, resource_version=str(stored["metadata"]["resourceVersion"]))


def delete_inventory_object(connection: Connection, uid: str) -> None:
    """Delete it, whatever it records, as long as nobody writes it at the same moment (ApiError 409)."""
    delete_if_there(connection, _ref(uid))


def _ensure_home(connection: Connection, identity: PlacementIdentity, patience: Patience) -> None:
    live = find(connection, HOME)
    while live is not None and is_going(live) and pause(connection.name, patience, _PAUSE):
        live = find(connection, HOME)
    if live is not None and not was_created(live):
        return  # an admin's: it is used as it is and never deleted
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    apply_body(connection, body_of(manifest, identity, "", created=True), manager=identity.manager, force=False)


def release_home(connection: Connection, uid: str, patience: Patience) -> None:
    """Leave the namespace, and delete it when no other placement owns it; waits a moment for it to be gone.

    That it is still terminating afterwards is no error: the next inventory object waits for that. Raises ApiError 409
    when it changes at every attempt for a minute: all placements of the cluster share it.
    """
    end = time.monotonic() + CONTENDED
    while True:
        live = find(connection, HOME)
        if live is None or is_going(live) or not may_delete(live, uid):
            return
        try:
            if len(owners(live)) > 1:
                release(connection, live, uid)
                return
            delete_live(connection, live)
            break
        except ApiError as error:
            if error.status != 409 or time.monotonic() >= end or not pause_after_conflict(connection.name, patience):
                raise
    moment = time.monotonic() + _MOMENT
    brief = replace(patience, deadline=moment if patience.deadline is None else min(moment, patience.deadline))
    while find(connection, HOME) is not None and pause(connection.name, brief, _PAUSE):
        pass


def _ref(uid: str) -> ObjectRef:
    return ObjectRef("v1", "ConfigMap", NAMESPACE, uid)


def _path(uid: str) -> str:
    return f"/api/v1/namespaces/{NAMESPACE}/configmaps/{uid}"
