"""The pods that jobs of other kinds need at the same time: one function a kind, from the spec of an object.

All that it may ever start counts as needed at once, also what waits for another part of it to be ready.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

PodGroup = tuple[Mapping[str, Any], int]
"""A pod template (`metadata`, `spec`), and how many such pods."""

_SUBMITTER: Final = {
    "spec": {
        "restartPolicy": "Never",
        "containers": [
            {"name": "ray-job-submitter", "resources": {"requests": {"cpu": "500m", "memory": "200Mi"}}},
        ],
    }
}
"""What KubeRay adds to a RayJob that says nothing of it (`GetDefaultSubmitterContainer`)."""


def of_job_set(spec: Mapping[str, Any]) -> Iterator[PodGroup]:
    """Every replica of every job of it, each with as many pods as it runs at once."""
    for job in spec.get("replicatedJobs") or ():
        work = job["template"]["spec"]
        at_once = _count(work.get("parallelism"), 1)
        if (completions := work.get("completions")) is not None:
            at_once = min(at_once, _count(completions, 1))
        yield work["template"], _count(job.get("replicas"), 1) * at_once


def of_ray_job(spec: Mapping[str, Any]) -> Iterator[PodGroup]:
    """The head, the workers (as many as there are at first), and the pod that submits the job."""
    cluster = spec.get("rayClusterSpec") or {}
    yield cluster["headGroupSpec"]["template"], 1
    for group in cluster.get("workerGroupSpecs") or ():
        workers = max(_count(group.get("replicas"), 0), _count(group.get("minReplicas"), 0))
        yield group["template"], workers * _count(group.get("numOfHosts"), 1)
    if (spec.get("submissionMode") or "K8sJobMode") == "K8sJobMode":
        yield spec.get("submitterPodTemplate") or _SUBMITTER, 1


def of_train_job(spec: Mapping[str, Any]) -> Iterator[PodGroup]:
    """Its nodes. What its runtime says of them is known to the cluster alone: they have the resources that the TrainJob
    itself asks for.
    """
    trainer = spec.get("trainer") or {}
    container = {"name": "node", "resources": trainer.get("resourcesPerNode") or {}}
    yield {"spec": {"containers": [container]}}, _count(trainer.get("numNodes"), 1)


def of_volcano_job(spec: Mapping[str, Any]) -> Iterator[PodGroup]:
    """Of every task the pods without which Volcano starts none."""
    for task in spec.get("tasks") or ():
        yield task["template"], _count(task.get("minAvailable"), _count(task.get("replicas"), 0))


def _count(value: Any, default: int) -> int:
    """Raises TypeError where it is no count."""
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise TypeError(f"`{value}` is no count")
    return value
