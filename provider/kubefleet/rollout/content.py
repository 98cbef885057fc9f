"""What a task brings to one cluster. Pure."""

from dataclasses import replace

from kubefleet.kube.member_apply import Wanted
from kubefleet.rollout.companions import with_parts
from kubefleet.rollout.planner import Replicas
from kubefleet.rollout.scaling import bounds_on
from kubefleet.rollout.task import Task
from kubefleet.rollout.wanted import wanted_on


def content_on(task: Task, cluster: str, replicas: Replicas) -> Wanted:
    """All objects of the placement there, with `replicas` of each workload."""
    if kept := task.back.get(cluster):
        # As it was applied here: bounds of autoscalers are divided already.
        wanted = wanted_on(kept.manifests, kept.revision, replicas, task.known_as)
    else:
        manifests, bounds = task.manifests_on(cluster), bounds_on(task, cluster, replicas)
        if task.divides_companions:
            manifests = with_parts(manifests, replicas, task.everywhere)
        wanted = wanted_on(manifests, task.revision_on(cluster), replicas, task.known_as, bounds)
    return replace(wanted, options=task.options)
