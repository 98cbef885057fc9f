"""Room that this plan gives up at its end: who found none now may have it in the next `up`.

Deletes come last, so what moves away, shrinks or is removed counts as taken until then. What is said here is certain:
a pod that goes makes room for one that is no larger and may stand wherever the other stood.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from kubefleet.model.amounts import add, times
from kubefleet.model.cluster import ClusterState
from kubefleet.model.decision import Decision, Previous
from kubefleet.model.policy import Fit, PolicyType
from kubefleet.model.reason import Code, Reason, make_reason
from kubefleet.model.request import PodShape, Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.refused import DEFERRED

LATER = "later"
"""The plugin of these reasons: no filter."""
_ROOM = frozenset({Code.INSUFFICIENT_CAPACITY, Code.GROWTH_UNKNOWN})
Pods = list[tuple[PodShape, int]]
"""Pods by size."""


def with_later(
    cycle: Cycle, requests: Sequence[Request], previous: Mapping[str, Previous], decisions: Sequence[Decision]
) -> list[Decision]:
    """The same decisions; those that lack room, or defer a move for want of it, with what helps them in the next `up`.

    `requests` are in the order of the plan: the first gets the room.
    """
    waiting = {one.placement for one in decisions if one.unplaced or (one.kept and _deferred(one))}
    if not waiting:
        return list(decisions)
    found = {decision.placement: decision for decision in decisions}
    freed = _freed(cycle, requests, previous, found)
    for request in requests if freed else ():
        if request.name not in waiting:
            continue
        decision, reasons = found[request.name], []
        for i in sorted(freed):
            left = _left(cycle, request, decision, i, freed[i]) if _may_take(cycle, request, decision, i) else None
            if left is not None:
                reasons.append(_reason(cycle.columns.names[i], request, freed[i]))
                freed[i] = left
        if reasons:
            found[request.name] = replace(decision, later=tuple(reasons))
    return [found[decision.placement] for decision in decisions]


def _deferred(decision: Decision) -> int:
    """Replicas or copies that stay where they should not, for want of room elsewhere."""
    waits = (reason for reasons in decision.kept.values() for reason in reasons if reason.plugin == DEFERRED)
    return sum(int(reason.detail["pods"]) for reason in waits)


def _freed(
    cycle: Cycle, requests: Sequence[Request], previous: Mapping[str, Previous], decisions: Mapping[str, Decision]
) -> dict[int, Pods]:
    """By cluster, the pods that go at the end of this plan; only of clusters that take new work."""
    freed: dict[int, Pods] = {}
    for i, cluster in enumerate(cycle.columns.clusters):
        for booking in cluster.bookings:
            if booking.going:
                freed.setdefault(i, []).append((PodShape(booking.requests), max(booking.replicas, booking.live)))
    for request in requests:
        before, decision = previous.get(request.name), decisions[request.name]
        if before is None or before.bindings is decision.bindings or before.bindings == decision.bindings:
            continue
        now = {binding.cluster: binding for binding in decision.bindings}
        for binding in before.bindings:
            if binding.cluster not in cycle.columns.index:
                continue
            i = cycle.columns.index[binding.cluster]
            stays = now[binding.cluster].replicas if binding.cluster in now else {}
            for work in request.workloads:
                had = (cycle.held_of(request, work) or {}).get(i, 0)
                if (gone := had - stays.get(work.key, 0)) > 0:
                    freed.setdefault(i, []).append((work.pod, gone))
    ready = {ClusterState.READY, ClusterState.PLANNED}
    # Where something has no node, that it goes may make no room.
    crowded, clusters = cycle.ledger.crowded, cycle.columns.clusters
    return {i: pods for i, pods in freed.items() if clusters[i].state in ready and not crowded[i]}


def _may_take(cycle: Cycle, request: Request, decision: Decision, i: int) -> bool:
    """Whether nothing but room keeps a cluster from having more."""
    name, policy = cycle.columns.names[i], request.policy
    if name in decision.kept or policy.fit is not Fit.FILTER:
        return False
    binding = decision.binding(name)
    if binding is not None:
        most = request.divided.max.get(name) if request.divided is not None else None
        return request.divides and (most is None or request.amount(binding.replicas) < most)
    # Of divided replicas no cluster is added to those that were picked.
    full = request.divides and len(decision.bindings) >= policy.number and not _deferred(decision)
    if policy.type is PolicyType.PICK_N and full:
        return False
    return all(reason.code in _ROOM for reason in decision.refused[name])


def _left(cycle: Cycle, request: Request, decision: Decision, i: int, freed: Pods) -> Pods | None:
    """What is left of the pods that go once those that wait stand in their place, pod for pod: any of what is divided,
    a copy as a whole. None where they do not make the room.
    """
    left, name = list(freed), cycle.columns.names[i]
    wanted, whole = _wanted(request, decision), not request.divides
    placed = 0
    for pod, count in wanted:
        room = int(cycle.ledger.room(pod, np.array([i]))[0]) if len(wanted) == 1 else 0
        lack = max(0, count - room) if whole else count
        for which, (size, pods) in enumerate(left):
            taken = min(lack, pods) if _makes_room(size, pod) else 0
            left[which] = size, pods - taken
            lack, placed = lack - taken, placed + taken
        if whole and lack:
            return None
        if request.divided is not None and decision.binding(name) is None:
            least = max(1, request.divided.min.get(name, 0))
            if not whole and (len(wanted) > 1 or placed + room < least):
                return None
    return left if placed else None


def _wanted(request: Request, decision: Decision) -> Pods:
    """The pods that found no room."""
    if not request.divides:
        return [(work.pod, work.replicas) for work in request.workloads]
    parts = {work.key: work.pod for work in request.workloads if work.divisible}
    short = [reason.detail for reason in decision.missing if reason.code is Code.INSUFFICIENT_CAPACITY]
    if short or not (waits := _deferred(decision)):
        return [(parts[str(detail["workload"])], int(detail["pods"])) for detail in short]
    return [(pod, waits) for pod in parts.values()]


def _makes_room(gone: PodShape, pod: PodShape) -> bool:
    """Whether a pod may stand where the other stood: it is no larger, and no node that took the other refuses it."""
    fits = all(gone.requests.get(resource, 0) >= amount for resource, amount in pod.requests.items())
    selected = pod.node_selector.items() <= gone.node_selector.items()
    affine = not pod.node_affinity or pod.node_affinity == gone.node_affinity
    return fits and selected and affine and set(gone.tolerations) <= set(pod.tolerations)


def _reason(cluster: str, request: Request, freed: Pods) -> Reason:
    """What goes, in the resources that the placement asks for."""
    total = add(*(times(size.requests, pods) for size, pods in freed))
    asked = {resource for work in request.workloads for resource in work.pod.requests}
    return make_reason(
        Code.FREES_ROOM, LATER, cluster, **{name: total[name] for name in sorted(asked) if total.get(name)}
    )
