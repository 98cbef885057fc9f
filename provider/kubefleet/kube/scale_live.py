"""Other replicas of a live object, and nothing else of it: where the manifests of what runs there are not at hand."""

from collections.abc import Mapping
from typing import Any

from kubefleet.kube.connection import Connection
from kubefleet.kube.object_access import change_live, find
from kubefleet.kube.object_ref import ObjectRef
from kubefleet.kube.ownership import may_delete
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.spec.scale import replicas_in, replicas_path


def scale_live(
    connection: Connection, ref: ObjectRef, replicas: int, identity: PlacementIdentity, *, up: bool = False
) -> bool:
    """Whether it has so few replicas now, or fewer; with `up` so many, or more. Left alone is what is not certainly
    this placement's.

    What was read is a precondition: raises ApiError 409 when it has changed since.
    """
    live = find(connection, ref)
    if live is None:
        return True
    path = replicas_path(live)
    if path is None or not may_delete(live, identity.uid):
        return False
    have = int(replicas_in(live) or 0)
    if have < replicas if up else have > replicas:
        set_replicas(connection, live, replicas, identity)
    return True


def set_replicas(connection: Connection, live: Mapping[str, Any], replicas: int, identity: PlacementIdentity) -> None:
    """Of an object that can be scaled, as it was read. Raises ApiError 409 when it has changed since."""
    change_live(connection, live, _nested(replicas_path(live) or (), replicas), identity.manager)


def _nested(path: tuple[str, ...], value: int) -> dict[str, Any]:
    return {path[0]: _nested(path[1:], value) if path[1:] else value}
