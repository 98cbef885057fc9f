"""The shards of a job on one member: what it has of them, one more, one fewer."""

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from kubefleet.dispatch.kueue import has_queue, standings
from kubefleet.dispatch.owned import MANAGER, OF_JOB, delete, is_over, made, read
from kubefleet.jobs.account import JobSeen, Shard
from kubefleet.jobs.global_index import POLICY, IndexBy, index_by
from kubefleet.jobs.kinds import JobKind, kind_of
from kubefleet.jobs.shard_job import JOB_LABEL, QUEUE, SHARD, WholeJob, shard_manifests
from kubefleet.jobs.shard_status import queue_of
from kubefleet.jobs.template import limit_of
from kubefleet.kube.answer import Json
from kubefleet.kube.clock import seconds_ahead
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError
from kubefleet.kube.patience import Impatient

_IN_FORCE: Final = 5.0
"""Seconds after which every API server of a member knows of a policy."""

Manifest = Mapping[str, Any]


def read_shards(connection: Connection, job: WholeJob) -> tuple[JobSeen, ...]:
    """The Jobs of it that the member has, by generation. Raises as `Connection` does."""
    kind = kind_of(job.template)
    found = list[JobSeen]()
    held, waiting = dict[str, str](), dict[str, str]()
    for item in _objects(connection, job, kind):
        seen = read(connection, kind, item, limit_of(job.template))
        found.append(seen)
        if not seen.ended and (queue := queue_of(item)):
            held[seen.uid] = queue
    for uid, standing in standings(connection, job.namespace, held).items():
        if not standing.admitted:
            waiting[uid] = f"it waits in {held[uid]}: {standing.why}"
    told = (replace(seen, waiting=waiting.get(seen.uid, "")) for seen in found)
    return tuple(sorted(told, key=lambda seen: (seen.generation, seen.uid)))


def collection(job: WholeJob) -> str:
    """The path of all objects of its kind in its namespace."""
    version, kind = job.template.get("apiVersion") or "batch/v1", kind_of(job.template)
    return f"/apis/{version}/namespaces/{job.namespace}/{kind.plural if kind else 'jobs'}"


def create_shard(
    connection: Connection,
    job: WholeJob,
    shard: Shard,
    limit: int | None = None,
    *,
    look: Connection | None = None,
    suspended: bool = False,
) -> str:
    """The uid of its Job, which ends after `limit` seconds if that says so; empty where another one of this job has its
    name, which is not touched. Raises as `Connection` does, and ApiError where somebody else's has it. One that is
    `suspended` waits for us, and in no queue, which would let it run.

    One that is there already and bears its token is it: whoever has made it died before writing that down. What the
    member has for jobs is asked by `look`, where that is another one.
    """
    files, written = _manifests(look or connection, job, shard, suspended)
    if limit is not None and kind_of(job.template) is None and QUEUE not in written["metadata"]["labels"]:
        written = {**written, "spec": {**written["spec"], "activeDeadlineSeconds": limit}}
    if files is not None and not _bears(found := made(connection, _path_of(job, files), files), shard):
        # They cannot be changed, and stay where a process died before their Job was there.
        delete(connection, _path_of(job, files), str(found["metadata"]["uid"]), "Background")
        made(connection, _path_of(job, files), files)
    its_job = made(connection, _path_of(job, written), written)
    if not _bears(its_job, shard):
        return ""
    if files is not None:
        _owned(connection, job, files, its_job)
    return str(its_job["metadata"]["uid"])


def fence_shard(connection: Connection, job: WholeJob, uid: str) -> bool:
    """Delete the Job with that uid, and with it its pods. Whether all of them are gone, or have ended by themselves: as
    long as one runs, what it does may be done twice. Raises as `Connection` does.
    """
    kind = kind_of(job.template)
    # Of another kind nobody knows how its pods are found: it stays until all that it owns is gone.
    how = "Background" if kind is None else "Foreground"
    there = [item["metadata"] for item in _objects(connection, job, kind) if item["metadata"]["uid"] == uid]
    for metadata in there:
        if not metadata.get("deletionTimestamp"):
            delete(connection, f"{collection(job)}/{metadata['name']}", uid, how)
    if kind is not None:
        return not there or all(item["metadata"]["uid"] != uid for item in _objects(connection, job, kind))
    pods = f"/api/v1/namespaces/{job.namespace}/pods"
    return all(is_over(pod) for pod in connection.list(pods, labelSelector=f"{OF_JOB}={uid}"))


def _manifests(
    connection: Connection, job: WholeJob, shard: Shard, suspended: bool
) -> tuple[Manifest | None, Manifest]:
    """The ConfigMap of its indexes, if it has one, and its Job."""
    kind = kind_of(job.template)
    how = IndexBy.CONTRACT if kind else index_by(shard.indexes, has_policy=_has_policy(connection))
    queue = job.queue if kind is None or kind.queued_by_kueue else ""
    if suspended or (queue and not has_queue(connection, job.namespace, queue)):
        queue = ""
    *files, written = shard_manifests(job, shard, how, suspended=suspended, queue=queue)
    return (files[0] if files else None), written


def _bears(found: Json, shard: Shard) -> bool:
    return (found["metadata"].get("annotations") or {}).get(SHARD) == shard.token


def _owned(connection: Connection, job: WholeJob, files: Manifest, its_job: Json) -> None:
    """The files go with their Job."""
    about = its_job["metadata"]
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": about["name"], "uid": about["uid"]}
    body = {**files, "metadata": {**files["metadata"], "ownerReferences": [owner]}}
    connection.patch(_path_of(job, files), body, fieldManager=MANAGER, force=True)


def _path_of(job: WholeJob, manifest: Manifest) -> str:
    """Known without asking the server what it serves: that takes longer than all else that is asked of it."""
    name = manifest["metadata"]["name"]
    if manifest["kind"] == "ConfigMap":
        return f"/api/v1/namespaces/{job.namespace}/configmaps/{name}"
    return f"{collection(job)}/{name}"


def _has_policy(connection: Connection) -> bool:
    """Whether somebody has put it there. Who may not look does without. Of one that has just come the pods that are
    created next would get nothing: it is waited for.
    """
    try:
        found = connection.get(f"/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings/{POLICY}")
    except ApiError as error:
        if error.status not in (403, 404):
            raise
        return False
    since = datetime.fromisoformat(found["metadata"]["creationTimestamp"]).timestamp()
    if (young := _IN_FORCE - (time.time() - since)) > 0:
        young -= seconds_ahead(connection)
        with suppress(Impatient):
            connection.patience.sleep(min(max(young, 0), _IN_FORCE))
    return True


def _objects(connection: Connection, job: WholeJob, kind: JobKind | None) -> Iterator[Json]:
    """None where the kind is not served."""
    try:
        yield from connection.list(collection(job), labelSelector=f"{JOB_LABEL}={job.uid}")
    except ApiError as error:
        if kind is None or error.status != 404:
            raise
