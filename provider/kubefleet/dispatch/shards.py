"""The shards of a job on one member: what it has of them, one more, one fewer."""

from collections.abc import Mapping
from typing import Any, Final

from kubefleet.jobs.account import JobSeen, Shard
from kubefleet.jobs.global_index import POLICY, index_by
from kubefleet.jobs.indexes import parse_indexes, span
from kubefleet.jobs.shard_job import GENERATION, JOB_LABEL, SHARD, WholeJob, shard_manifests, shard_name
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError, BadAnswer

MANAGER: Final = "kubefleet-jobs"
_OF_JOB: Final = "batch.kubernetes.io/controller-uid"


def read_shards(connection: Connection, job: WholeJob) -> tuple[JobSeen, ...]:
    """The Jobs of it that the member has, by generation. Raises as `Connection` does."""
    items = connection.list(_jobs(job), labelSelector=f"{JOB_LABEL}={job.uid}")
    return tuple(sorted((_seen(connection.name, item) for item in items), key=lambda seen: (seen.generation, seen.uid)))


def create_shard(connection: Connection, job: WholeJob, shard: Shard) -> str:
    """The uid of its Job; empty where another one has its name, which is not touched. Raises as `Connection` does.

    One that is there already and bears its token is it: whoever has made it died before writing that down.
    """
    how = index_by(shard.indexes, has_policy=_has_policy(connection))
    uid = ""
    for manifest in shard_manifests(job, shard, how):
        path = connection.path_of(manifest["apiVersion"], manifest["kind"], job.namespace)
        try:
            made = connection.post(path, manifest, fieldManager=MANAGER, fieldValidation="Strict")
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            made = connection.get(f"{path}/{shard_name(job, shard)}")
        if manifest["kind"] == "Job" and _annotations(made).get(SHARD) == shard.token:
            uid = str(made["metadata"]["uid"])
    return uid


def fence_shard(connection: Connection, job: WholeJob, uid: str) -> bool:
    """Delete the Job with that uid, and with it its pods. Whether all of them are gone, or have ended by themselves: as
    long as one runs, what it does may be done twice. Raises as `Connection` does.
    """
    for item in connection.list(_jobs(job), labelSelector=f"{JOB_LABEL}={job.uid}"):
        metadata = item["metadata"]
        if metadata["uid"] == uid and not metadata.get("deletionTimestamp"):
            _delete(connection, f"{_jobs(job)}/{metadata['name']}", uid)
    pods = f"/api/v1/namespaces/{job.namespace}/pods"
    running = [pod for pod in connection.list(pods, labelSelector=f"{_OF_JOB}={uid}") if not _is_over(pod)]
    return not running


def _has_policy(connection: Connection) -> bool:
    """Whether a join has put it there. Who may not look does without."""
    try:
        connection.get(f"/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings/{POLICY}")
    except ApiError as error:
        if error.status not in (403, 404):
            raise
        return False
    return True


def _delete(connection: Connection, path: str, uid: str) -> None:
    body = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
    try:
        connection.delete(path, {**body, "preconditions": {"uid": uid}})
    except ApiError as error:
        # Gone, or another one of its name: neither is the one to be deleted.
        if error.status not in (404, 409):
            raise


def _is_over(pod: Mapping[str, Any]) -> bool:
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def _seen(member: str, item: Mapping[str, Any]) -> JobSeen:
    """Raises BadAnswer where its status is none of a Job's."""
    annotations, status = _annotations(item), item.get("status") or {}
    spec = item.get("spec") or {}
    size = int(spec.get("completions") or 0)
    try:
        completed = parse_indexes(str(status.get("completedIndexes") or ""), size)
        failed = parse_indexes(str(status.get("failedIndexes") or ""), size)
        generation = int(annotations.get(GENERATION, "0"))
    except ValueError as error:
        raise BadAnswer(member, f"Job {item['metadata']['name']}: {error}") from None
    over = {condition["type"] for condition in status.get("conditions") or () if condition.get("status") == "True"}
    if "Failed" in over:
        # What ends as a whole has failed in all that it had left.
        failed = span(0, size) - completed
    ended = bool(over & {"Complete", "Failed"})
    started = bool(completed or failed or ended or status.get("ready"))
    token = str(annotations.get(SHARD, ""))
    return JobSeen(str(item["metadata"]["uid"]), generation, token, completed, failed, ended, started)


def _jobs(job: WholeJob) -> str:
    return f"/apis/batch/v1/namespaces/{job.namespace}/jobs"


def _annotations(item: Mapping[str, Any]) -> Mapping[str, str]:
    return (item.get("metadata") or {}).get("annotations") or {}
