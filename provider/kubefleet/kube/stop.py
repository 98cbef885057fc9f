"""Stopping a placement on one member before it starts on another: nothing of it runs any more, all of it is there."""

from collections.abc import Mapping
from typing import Any, Final

from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError
from kubefleet.kube.managed_fields import managed_by
from kubefleet.kube.object_access import MERGE, change_live, delete_live, find, path_to
from kubefleet.kube.object_ref import ObjectRef
from kubefleet.kube.ownership import may_delete
from kubefleet.kube.patience import Patience
from kubefleet.kube.pause import pause
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.kube.refusal import NotApplied
from kubefleet.kube.scale_live import set_replicas
from kubefleet.spec.scale import SCALABLE, replicas_in, replicas_path

_PAUSE: Final = 0.5
_SETTLED: Final = 4
"""Looks in a row at which nothing of it runs: a CronJob's controller may make a Job that it has decided on before it
saw that it is suspended.
"""
_SUSPENDED: Final = frozenset({"CronJob", "Job"})


def stop_objects(
    connection: Connection, refs: tuple[ObjectRef, ...], identity: PlacementIdentity, patience: Patience
) -> None:
    """Scale to nothing, suspend, or (single pods) delete what is certainly this placement's, and wait until none of its
    pods and Jobs runs. DaemonSets cannot be stopped, they go with the rest.

    Raises NotApplied for what still runs at the deadline, Cancelled, and what the server refuses.
    """
    looks = 0
    while looks < _SETTLED:
        running = [ref for ref in refs if _stop(connection, ref, identity)]
        looks = 0 if running else looks + 1
        if looks < _SETTLED and not pause(connection.name, patience, _PAUSE):
            raise NotApplied(connection.name, running[0] if running else refs[0], "it has not stopped yet")


def resume(connection: Connection, ref: ObjectRef, live: Mapping[str, Any], identity: PlacementIdentity) -> None:
    """Let it run again, where `stop_objects` has suspended it. Scaled ones get their replicas as they are applied."""
    if ref.kind in _SUSPENDED and was_stopped(live, identity, "suspend"):
        connection.patch(path_to(connection, ref), {"spec": {"suspend": None}}, MERGE, fieldManager=identity.manager)


def was_stopped(live: Mapping[str, Any], identity: PlacementIdentity, field: str) -> bool:
    """Whether it was `stop_objects` that set this field of the spec: we write single fields for nothing else here."""
    return any(
        entry.manager == identity.manager
        and entry.operation == "Update"
        and not entry.subresource
        and f"f:{field}" in entry.fields.get("f:spec", {})
        for entry in managed_by(live)
    )


def _stop(connection: Connection, ref: ObjectRef, identity: PlacementIdentity) -> bool:
    """Whether something of it still runs."""
    live = find(connection, ref)
    if live is None or not may_delete(live, identity.uid):
        return False
    try:
        if ref.group == "batch" and ref.kind in _SUSPENDED:
            return _suspend(connection, live, identity)
        if replicas_path(live) is not None:
            if replicas_in(live):
                set_replicas(connection, live, 0, identity)
            return has_pods(live)
        if (ref.group, ref.kind) == ("", "Pod"):
            delete_live(connection, live)
            return True
    except ApiError as error:
        if error.status not in (404, 409):  # else it has changed meanwhile: the next look tells
            raise
        return True
    return False


def has_pods(live: Mapping[str, Any]) -> bool:
    """Whether an object that can be scaled wants replicas or has some, as far as its controller has told. Only
    Kubernetes' own kinds certainly tell up to which generation. Pure.
    """
    status = live.get("status") or {}
    observed = int(status.get("observedGeneration") or 0)
    unseen = live.get("kind") in SCALABLE and observed < int(live["metadata"].get("generation") or 0)
    return bool(replicas_in(live) or status.get("replicas")) or unseen


def _suspend(connection: Connection, live: Mapping[str, Any], identity: PlacementIdentity) -> bool:
    if not (live.get("spec") or {}).get("suspend"):
        change_live(connection, live, {"spec": {"suspend": True}}, identity.manager)
        return True
    status = live.get("status") or {}
    if live["kind"] == "Job":
        return bool(status.get("active"))
    return bool(status.get("active")) or any(
        (job.get("status") or {}).get("active")
        for job in connection.list(f"/apis/batch/v1/namespaces/{live['metadata']['namespace']}/jobs")
        if any(owner.get("uid") == live["metadata"]["uid"] for owner in job["metadata"].get("ownerReferences") or ())
    )
