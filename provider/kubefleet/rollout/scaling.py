"""Autoscaled workloads in a rollout: each cluster's part of the bounds, and which workloads they are. Pure."""

from kubefleet.model.autoscaled import Bounds
from kubefleet.rollout.planner import Replicas
from kubefleet.rollout.task import Task
from kubefleet.scheduling.autoscaled import bounds_by_cluster
from kubefleet.spec.autoscaler import cut_bounds, parse_bounds


def autoscaled_keys(task: Task) -> frozenset[str]:
    """The workloads whose replicas an autoscaler among the manifests decides."""
    return frozenset(cut_bounds(task.manifests.values()))


def bounds_on(task: Task, cluster: str, replicas: Replicas) -> dict[str, Bounds]:
    """This cluster's part of every autoscaler's bounds, for a placement that is divided.

    While it still has more `replicas` than the target gives it (the others come first) its bounds are not below those.
    """
    found = {}
    for key, cut in cut_bounds(task.manifests.values()).items() if task.divides_companions else ():
        whole = parse_bounds(cut, key, [])
        seats = {name: target.get(key, 0) for name, target in task.everywhere.items()}
        part = bounds_by_cluster(whole, seats).get(cluster) if whole is not None else None
        here = replicas.get(key, 0)
        if whole is not None and here > 0:
            most = max(part.most if part is not None else 0, here)
            found[key] = Bounds(here if whole.least else 0, most)
    return found
