"""What a rollout that counts pods is to come to: only what can be scaled has pods that are counted. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from immutabledict import immutabledict

from kubefleet.model.share import Share
from kubefleet.model.strategy import SpreadUpdate
from kubefleet.rollout.planner import Replicas
from kubefleet.rollout.pods import at_once, scalable
from kubefleet.rollout.spread_planner import Goal

Manifests = Mapping[str, Mapping[str, Any]]
_NONE: Mapping[str, Manifests] = immutabledict()


def goal_of(
    manifests: Manifests,
    target: Mapping[str, Replicas],
    revision: str,
    strategy: SpreadUpdate,
    own: Mapping[str, Manifests] = _NONE,
) -> Goal:
    """The goal of a decision, which has every workload, also DaemonSets, Jobs and bare Pods. `own` are the manifests of
    clusters that have others.
    """
    workloads = scalable(manifests.values())
    counted = {
        cluster: {key: count for key, count in replicas.items() if key in workloads}
        for cluster, replicas in target.items()
    }
    if strategy.yields:
        there = {cluster: scalable(own[cluster].values()) if cluster in own else workloads for cluster in counted}
        strategy = _yielding(strategy, there, counted)
    return Goal(counted, revision, strategy)


def _yielding(
    strategy: SpreadUpdate, workloads: Mapping[str, Manifests], target: Mapping[str, Replicas]
) -> SpreadUpdate:
    """What a workload's own strategy takes down on any one cluster may be unavailable. So some step always fits, and
    what the workload's author wrote is neither refused nor changed.
    """
    own: dict[str, int] = {}
    for key in sorted({key for replicas in target.values() for key in replicas}):
        counts = {cluster: replicas[key] for cluster, replicas in target.items() if key in replicas}
        most = max(at_once(workloads[cluster][key], count) for cluster, count in counts.items())
        if most > strategy.max_unavailable.down(sum(counts.values())):
            name = key.rpartition("/")[2]
            own[name] = max(own.get(name, 0), most)
    budgets = {name: replace(strategy, max_unavailable=Share(own[name])) for name in sorted(own)}
    return replace(strategy, own=immutabledict(budgets))
