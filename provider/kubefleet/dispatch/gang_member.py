"""What one member has of a gang, and the steps that are taken there."""

import time
from collections.abc import Mapping
from typing import Any, Final

from kubefleet.dispatch.owned import MANAGER, OF_JOB, change, delete, is_over, made, read
from kubefleet.jobs.account import JobSeen, Shard
from kubefleet.jobs.gang_objects import HOLD_CLASS, HOLD_LABEL, hold_class, hold_job
from kubefleet.jobs.gang_rooms import GangSeen, Hold
from kubefleet.jobs.shard_job import JOB_LABEL, SHARD, WholeJob
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError
from kubefleet.kube.pause import pause

_CLASSES: Final = "/apis/scheduling.k8s.io/v1/priorityclasses"
_MOMENT: Final = 5.0
_AGAIN: Final = 0.1


def look_at_gang(connection: Connection, job: WholeJob) -> GangSeen:
    """Raises as `Connection` does."""
    shards, up, suspended = list[JobSeen](), dict[str, int](), set[str]()
    for item in connection.list(_jobs(job), labelSelector=f"{JOB_LABEL}={job.uid}"):
        status, uid = item.get("status") or {}, str(item["metadata"]["uid"])
        shards.append(read(connection, None, item))
        up[uid] = int(status.get("ready") or 0) + int(status.get("succeeded") or 0)
        if (item.get("spec") or {}).get("suspend"):
            suspended.add(uid)
    bound: dict[str, int] = {}
    for pod in connection.list(f"/api/v1/namespaces/{job.namespace}/pods", labelSelector=f"{HOLD_LABEL}={job.uid}"):
        owner = (pod["metadata"].get("labels") or {}).get(OF_JOB, "")
        bound[owner] = bound.get(owner, 0) + _is_bound(pod)
    holds = tuple(
        Hold(
            str(item["metadata"]["name"]),
            str(item["metadata"]["uid"]),
            str((item["metadata"].get("annotations") or {}).get(SHARD, "")),
            bound.pop(str(item["metadata"]["uid"]), 0),
        )
        for item in connection.list(_jobs(job), labelSelector=f"{HOLD_LABEL}={job.uid}")
    )
    shards.sort(key=lambda seen: (seen.generation, seen.uid))
    return GangSeen(tuple(shards), up, frozenset(suspended), holds, len(bound))


def hold_room(connection: Connection, job: WholeJob, shard: Shard, seconds: int) -> None:
    """Create a shard's placeholders, once its own Job is there, and their class where a join has not. Raises as
    `Connection` does.
    """
    try:
        connection.get(f"{_CLASSES}/{HOLD_CLASS}")
    except ApiError as error:
        if error.status == 404:
            connection.patch(f"{_CLASSES}/{HOLD_CLASS}", hold_class(), fieldManager=MANAGER, force=False)
        elif error.status != 403:
            raise
    hold = hold_job(job, shard, seconds)
    made(connection, f"{_jobs(job)}/{hold['metadata']['name']}", hold, HOLD_LABEL)


def release_room(connection: Connection, job: WholeJob, hold: Hold) -> None:
    """Delete placeholders. Raises as `Connection` does."""
    delete(connection, f"{_jobs(job)}/{hold.name}", hold.uid, "Background")


def room_is_free(connection: Connection, job: WholeJob) -> bool:
    """Whether no pod keeps room for it any more. They go a moment after their Job, which is waited for; not for long.
    Raises as `Connection` does.
    """
    pods = f"/api/v1/namespaces/{job.namespace}/pods"
    wait = connection.by(time.monotonic() + _MOMENT).patience
    while any(True for _ in connection.list(pods, labelSelector=f"{HOLD_LABEL}={job.uid}")):
        if not pause(connection.name, wait, _AGAIN):
            return False
    return True


def start_shard(connection: Connection, job: WholeJob, name: str, uid: str) -> None:
    """Let a suspended Job run. Raises as `Connection` does."""
    change(connection, f"{_jobs(job)}/{name}", uid, {"suspend": False})


def _is_bound(pod: Mapping[str, Any]) -> bool:
    there = not pod["metadata"].get("deletionTimestamp")
    return there and not is_over(pod) and bool((pod.get("spec") or {}).get("nodeName"))


def _jobs(job: WholeJob) -> str:
    return f"/apis/batch/v1/namespaces/{job.namespace}/jobs"
