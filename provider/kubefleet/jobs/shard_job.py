"""The Job of a shard, and what goes with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from kubefleet.jobs.account import Shard
from kubefleet.jobs.global_index import (
    INDEX_MOUNT,
    MAP,
    IndexBy,
    index_env,
    index_files,
    index_map,
    index_volume,
)
from kubefleet.jobs.kinds import JobKind, kind_of
from kubefleet.jobs.template import in_containers, shardable

JOB_LABEL: Final = "pulumi-kubefleet/job"
"""The uid of the whole job: by it a cluster is asked for the shards that it has."""
SHARD: Final = "pulumi-kubefleet/shard"
GENERATION: Final = "pulumi-kubefleet/generation"
QUEUE: Final = "kueue.x-k8s.io/queue-name"
"""By this label Kueue knows the LocalQueue that a job waits in."""
_LONGEST: Final = 63
_OF_UID: Final = 6
_RETRIES: Final = 1
"""Of an index in its cluster, where the template says nothing."""
_MANY: Final = 100_000
_MOST_OF_MANY: Final = 10_000


@dataclass(frozen=True, slots=True)
class WholeJob:
    """`uid` is the job's through all revisions of its template (16 hex digits); `total` its indexes: 1 where it is
    dispatched whole. `queue` is the name of what it waits in, which a cluster may have a queue of its own for.
    """

    name: str
    uid: str
    namespace: str
    template: Mapping[str, Any]
    total: int
    queue: str = ""


def shard_name(job: WholeJob, shard: Shard) -> str:
    """The name of its object."""
    return name_of_generation(job, shard.generation)


def name_of_generation(job: WholeJob, generation: int) -> str:
    """One of each generation on a cluster at most. Where it is cut, the job's uid keeps it apart from others that begin
    alike.
    """
    kind = kind_of(job.template)
    end = f"-g{generation}"
    longest = (kind.longest if kind else _LONGEST) - len(end)
    if len(job.name) > longest:
        end = f"-{job.uid[:_OF_UID]}{end}"
        longest -= 1 + _OF_UID
    return f"{job.name[:longest].rstrip('-.')}{end}"


def shard_manifests(
    job: WholeJob, shard: Shard, how: IndexBy, *, suspended: bool = False, queue: str = ""
) -> list[dict[str, Any]]:
    """In the order of applying: the ConfigMap of its indexes where that is how, and the Job: Indexed, whatever the
    template is, since only such a Job says which of its pods have succeeded. Of another kind it is the object alone.
    `queue`: Kueue's there, which has to find it suspended.
    """
    suspended = suspended or bool(queue)
    if (kind := kind_of(job.template)) is not None:
        return [_whole(job, shard, kind, suspended, queue)]
    name = shard_name(job, shard)
    spec = shardable(job.template)
    template = spec["template"]
    env = [
        *index_env(how, shard.indexes),
        {"name": "FLEET_SIZE", "value": str(job.total)},
        {"name": "FLEET_CLUSTER", "value": shard.cluster},
        {"name": "FLEET_SHARD", "value": name},
        {"name": "FLEET_GENERATION", "value": str(shard.generation)},
    ]
    pod = in_containers(template.get("spec") or {}, lambda container: _with_index(container, env, how))
    if how is IndexBy.FILE:
        pod = {**pod, "volumes": [*(pod.get("volumes") or ()), index_volume(name)]}
    told = template.get("metadata") or {}
    annotations = {
        **(told.get("annotations") or {}),
        **({MAP: index_map(shard.indexes)} if how is IndexBy.POLICY else {}),
    }
    written = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": _metadata(job, shard, queue),
        "spec": {
            **{key: value for key, value in spec.items() if key != "backoffLimit"},
            "completionMode": "Indexed",
            "completions": len(shard.indexes),
            **_retries(spec, pod),
            **_large(len(shard.indexes), shard.slots, pod),
            **({"suspend": True} if suspended else {}),
            "template": {
                "metadata": {
                    **told,
                    "labels": {**(told.get("labels") or {}), JOB_LABEL: job.uid},
                    "annotations": annotations,
                },
                "spec": pod,
            },
        },
    }
    if how is not IndexBy.FILE:
        return [written]
    bears = {"labels": {JOB_LABEL: job.uid}, "annotations": {SHARD: shard.token}}
    return [index_files(name, job.namespace, shard.indexes, bears), written]


def _metadata(job: WholeJob, shard: Shard, queue: str) -> dict[str, Any]:
    """Of the template's no more than labels and annotations: the rest belongs to an object that is there."""
    told = job.template.get("metadata") or {}
    ours = {JOB_LABEL: job.uid, **({QUEUE: queue} if queue else {})}
    about = {SHARD: shard.token, GENERATION: str(shard.generation)}
    return {
        "name": shard_name(job, shard),
        "namespace": job.namespace,
        "labels": {**(told.get("labels") or {}), **ours},
        "annotations": {**(told.get("annotations") or {}), **about},
    }


def _whole(job: WholeJob, shard: Shard, kind: JobKind, suspended: bool, queue: str) -> dict[str, Any]:
    kept = {key: value for key, value in (job.template.get("spec") or {}).items() if key not in kind.without}
    return {
        **{key: value for key, value in job.template.items() if key != "status"},
        "metadata": _metadata(job, shard, queue),
        "spec": {**kept, **({"suspend": True} if suspended else {})},
    }


def _retries(spec: Mapping[str, Any], pod: Mapping[str, Any]) -> dict[str, Any]:
    """Where one index fails the others go on, and it is tried elsewhere. Pods that restart by themselves cannot be
    counted by index (the API server refuses that).
    """
    if pod.get("restartPolicy") != "Never":
        return {"backoffLimit": spec["backoffLimit"]} if "backoffLimit" in spec else {}
    return {"backoffLimitPerIndex": spec.get("backoffLimitPerIndex", spec.get("backoffLimit", _RETRIES))}


def _large(count: int, slots: int, pod: Mapping[str, Any]) -> dict[str, Any]:
    """The API server lets an Indexed Job run 100,000 pods at once. One of more indexes that counts failures by index
    runs 10,000, and has to say how many may fail at most, which is 10,000 too (KEP-3850).
    """
    if count <= _MANY or pod.get("restartPolicy") != "Never":
        return {"parallelism": min(slots, _MANY)}
    return {"parallelism": min(slots, _MOST_OF_MANY), "maxFailedIndexes": _MOST_OF_MANY}


def _with_index(container: Mapping[str, Any], env: list[dict[str, Any]], how: IndexBy) -> dict[str, Any]:
    """What the user has set of the same name gives way: there is one index."""
    names = {item["name"] for item in env}
    kept = [item for item in container.get("env") or () if item.get("name") not in names]
    mounts = [*(container.get("volumeMounts") or ()), dict(INDEX_MOUNT)] if how is IndexBy.FILE else None
    return {**container, "env": [*env, *kept], **({"volumeMounts": mounts} if mounts is not None else {})}
