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
from kubefleet.jobs.template import in_containers, shardable

JOB_LABEL: Final = "pulumi-kubefleet/job"
"""The uid of the whole job: by it a cluster is asked for the shards that it has."""
SHARD: Final = "pulumi-kubefleet/shard"
GENERATION: Final = "pulumi-kubefleet/generation"
_LONGEST: Final = 63
_RETRIES: Final = 1
"""Of an index in its cluster, where the template says nothing."""


@dataclass(frozen=True, slots=True)
class WholeJob:
    """`uid` is the job's through all revisions of its template (16 hex digits); `total` its indexes."""

    name: str
    uid: str
    namespace: str
    template: Mapping[str, Any]
    total: int


def shard_name(job: WholeJob, shard: Shard) -> str:
    """The name of its Job: one of each generation on a cluster at most."""
    end = f"-g{shard.generation}"
    return f"{job.name[: _LONGEST - len(end)].rstrip('-.')}{end}"


def shard_manifests(job: WholeJob, shard: Shard, how: IndexBy, *, suspended: bool = False) -> list[dict[str, Any]]:
    """In the order of applying: the ConfigMap of its indexes where that is how, and the Job: Indexed, whatever the
    template is, since only such a Job says which of its pods have succeeded.
    """
    name = shard_name(job, shard)
    metadata = job.template.get("metadata") or {}
    spec = shardable(job.template)
    template = spec["template"]
    ours = {JOB_LABEL: job.uid}
    about = {SHARD: shard.token, GENERATION: str(shard.generation)}
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
        "metadata": {
            "name": name,
            "namespace": job.namespace,
            "labels": {**(metadata.get("labels") or {}), **ours},
            "annotations": {**(metadata.get("annotations") or {}), **about},
        },
        "spec": {
            **{key: value for key, value in spec.items() if key != "backoffLimit"},
            "completionMode": "Indexed",
            "completions": len(shard.indexes),
            "parallelism": shard.slots,
            **_retries(spec, pod),
            **({"suspend": True} if suspended else {}),
            "template": {
                "metadata": {
                    **told,
                    "labels": {**(told.get("labels") or {}), **ours},
                    "annotations": annotations,
                },
                "spec": pod,
            },
        },
    }
    files = [index_files(name, job.namespace, shard.indexes)] if how is IndexBy.FILE else []
    return [*files, written]


def _retries(spec: Mapping[str, Any], pod: Mapping[str, Any]) -> dict[str, Any]:
    """Where one index fails the others go on, and it is tried elsewhere. Pods that restart by themselves cannot be
    counted by index (the API server refuses that).
    """
    if pod.get("restartPolicy") != "Never":
        return {"backoffLimit": spec["backoffLimit"]} if "backoffLimit" in spec else {}
    return {"backoffLimitPerIndex": spec.get("backoffLimitPerIndex", spec.get("backoffLimit", _RETRIES))}


def _with_index(container: Mapping[str, Any], env: list[dict[str, Any]], how: IndexBy) -> dict[str, Any]:
    """What the user has set of the same name gives way: there is one index."""
    names = {item["name"] for item in env}
    kept = [item for item in container.get("env") or () if item.get("name") not in names]
    mounts = [*(container.get("volumeMounts") or ()), dict(INDEX_MOUNT)] if how is IndexBy.FILE else None
    return {**container, "env": [*env, *kept], **({"volumeMounts": mounts} if mounts is not None else {})}
