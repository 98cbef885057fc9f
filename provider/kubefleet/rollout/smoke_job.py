"""Running a Job in a cluster as a check: recorded like everything else, and gone afterwards."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kubefleet.health import Health
from kubefleet.health.status import available, failed, progressing
from kubefleet.kube import Connection
from kubefleet.kube.errors import ApiError
from kubefleet.kube.inventory_store import read_inventory_object, write_inventory_object
from kubefleet.kube.job_anew import remove_predecessor
from kubefleet.kube.manifest import body_of
from kubefleet.kube.object_access import apply_body, find
from kubefleet.kube.object_ref import ref_of, union
from kubefleet.kube.ownership import Standing, classify
from kubefleet.kube.patience import Patience
from kubefleet.kube.refused_write import explain
from kubefleet.rollout.step import patience as patience_of
from kubefleet.rollout.task import Task
from kubefleet.rollout.waiting import Unhealthy, Waiting


def run_smoke_job(task: Task, cluster: str, manifest: Mapping[str, Any], seconds: float) -> Health:
    """Run it once, for at most so many seconds: Available when it is complete, Failed when it has failed or may not.

    It stands in the inventory object before it is made, so that it is removed even when nobody comes back.
    """
    connection, patience = task.connect(cluster), patience_of(task)
    if not _record(task, connection, manifest, patience):
        return progressing("the placement is not there yet")
    body = body_of(manifest, task.identity, task.revision)
    ref = ref_of(body)
    live = find(connection, ref)
    if classify(body, live, task.identity).standing is Standing.FOREIGN:
        return failed(f"{ref} is somebody else's. Rename it")
    if live is not None:
        remove_predecessor(connection, live, patience)
    try:
        made = apply_body(connection, body, manager=task.identity.manager, force=False)
    except ApiError as error:
        return failed(f"{ref}: {explain(error)}")
    waiting = Waiting(connection, time.monotonic() + seconds, 0, lambda _ref, _live: None, task.warn)
    try:
        waiting((ref_of(made),))
    except Unhealthy as error:
        over = (find(connection, ref) or {}).get("status") or {}
        ended = any(item.get("type") == "Failed" for item in over.get("conditions") or ())
        told = str(error).removeprefix(f"{cluster}: ")
        return failed(told) if ended else progressing(told)
    finally:
        if (there := find(connection, ref)) is not None:
            remove_predecessor(connection, there, patience)
    return available(f"{ref} is complete")


def _record(task: Task, connection: Connection, manifest: Mapping[str, Any], patience: Patience) -> bool:
    """Add it to what the placement has here; False where the placement is not here."""
    stored = read_inventory_object(connection, task.identity.uid)
    if stored is None:
        return False
    objects = union(stored.objects, (ref_of(manifest),))
    if objects != stored.objects:
        write_inventory_object(connection, replace(stored, objects=objects), task.identity, patience)
    return True
