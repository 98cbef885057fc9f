"""Ranges of ordinals as inputs of `Schedule`: state keeps which cluster has which, and the preview shows it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kubefleet.model.cluster import ClusterState
from kubefleet.model.decision import Decision, Plan
from kubefleet.model.snapshot import Snapshot
from kubefleet.resources._adapter import Props
from kubefleet.resources.keys import ordinals_key, to_key
from kubefleet.spec.mistakes import Mistake
from kubefleet.spec.ordinals import BLOCK, ranges, serves_ordinals, wants_ranges

_STANDING = "its pods stand on {} as they are numbered (expected {}: all of them would be replaced at once)."


@dataclass(slots=True)
class Ordinals:
    """`inputs` are computed ones of `Schedule`."""

    inputs: dict[str, Any] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)


def number(plan: Plan, snapshot: Snapshot, olds: Props, news: Props) -> Ordinals:
    """The first number on each cluster of every placement that asks for ranges of its own."""
    found = Ordinals()
    for decision in plan.decisions:
        name = decision.placement
        raw, before = news["placements"][name], olds.get(ordinals_key(name)) or {}
        path = f"placements.{name}.replicas.ordinals"
        held = {cluster.name for cluster in snapshot.clusters if _may_hold(cluster, raw["uid"])}
        if not wants_ranges(raw):
            moved = sorted(name for name in held if before.get(name))
            if moved:
                found.mistakes.append(Mistake(path, _STANDING.format(", ".join(moved), "`ordinals=True`")))
            continue
        kept = {cluster: start for cluster, start in before.items() if cluster in held or cluster in _chosen(decision)}
        standing = sorted(set(olds.get(to_key(name)) or {}) - set(before))
        if not before and len(standing) > 1:
            # One may keep its numbers, which begin with 0 anyway.
            found.mistakes.append(Mistake(path, _STANDING.format(", ".join(standing), "a placement of another name")))
            continue
        starts = ranges(_chosen(decision), {**dict.fromkeys(standing[:1], 0), **kept} if not before else kept)
        found.inputs[ordinals_key(name)] = starts
        found.mistakes += _mistakes(decision, snapshot, starts, path)
    return found


def told(olds: Props, news: Props) -> str:
    """`us-1 counts from 1000`, of clusters that are new; empty where there is nothing to say."""
    before, now = (props.get("ordinals") or {} for props in (olds, news))
    target = news.get("to") or {}
    new = [name for name in sorted(target) if now.get(name) and before.get(name) != now[name]]
    return ", ".join(f"{name} counts from {now[name]}" for name in new)


def _may_hold(cluster: Any, uid: str) -> bool:
    return cluster.state is ClusterState.UNREACHABLE or any(held.uid == uid for held in cluster.holdings)


def _chosen(decision: Decision) -> set[str]:
    return {binding.cluster for binding in decision.bindings}


def _mistakes(decision: Decision, snapshot: Snapshot, starts: Mapping[str, int], path: str) -> list[Mistake]:
    mistakes = []
    for binding in decision.bindings:
        sets = {key: count for key, count in binding.replicas.items() if key.startswith("StatefulSet/")}
        for key, count in sorted(sets.items()):
            if count > BLOCK:
                message = f"{count} pods of {key} on {binding.cluster} (expected at most {BLOCK}: a range has no more)."
                mistakes.append(Mistake(path, message))
        cluster = snapshot.cluster(binding.cluster)
        if cluster is not None and starts[cluster.name] and not serves_ordinals(cluster.kubernetes_version):
            seen = f"{cluster.name} has Kubernetes {cluster.kubernetes_version}"
            mistakes.append(Mistake(path, f"{seen} (expected 1.27, which has `spec.ordinals`)."))
    return mistakes
