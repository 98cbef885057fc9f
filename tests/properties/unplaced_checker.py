"""Judges what a plan made from nothing leaves unplaced: there is no cluster that could take it.

Of pods of one size that go on every node, since only then it is certain what a cluster holds; and of placements that
nothing but filters, bounds and room bind.
"""

from collections.abc import Iterator, Sequence

from independent_checker import against_new_work
from room_checker import can_hold, held_on

from kubefleet.model.cluster import Cluster
from kubefleet.model.decision import Decision, Plan
from kubefleet.model.policy import DivideBy, Fit, PolicyType
from kubefleet.model.request import PodShape, Request
from kubefleet.model.snapshot import Snapshot


def needlessly_unplaced(snapshot: Snapshot, requests: Sequence[Request], plan: Plan) -> list[str]:
    """Clusters that could take one more. What has a lower priority takes no room from anybody."""
    if any(request.policy.affinity or request.policy.anti_affinity for request in requests):
        return []
    found = []
    for request in filter(_free, requests):
        decision = plan.decision(request.name)
        assert decision is not None
        before = [other for other in requests if other.priority >= request.priority]
        for cluster in snapshot.clusters if decision.unplaced else ():
            held = held_on(cluster.name, before, plan)
            if against_new_work(request, cluster, snapshot):
                continue
            if any(_fits(request, cluster, [*held, *more]) for more in _more(request, decision, cluster)):
                found.append(f"{request.name}: {cluster.name} could have more")
    return found


def _free(request: Request) -> bool:
    policy = request.policy
    tied = policy.spread_groups or policy.min_clusters or any(spread.hard for spread in policy.topology_spread)
    return policy.type is not PolicyType.PICK_FIXED and not tied


def _fits(request: Request, cluster: Cluster, demands: list[tuple[PodShape, int]]) -> bool:
    return request.policy.fit is not Fit.FILTER or can_hold(cluster, demands)


def _more(request: Request, decision: Decision, cluster: Cluster) -> Iterator[list[tuple[PodShape, int]]]:
    """What a cluster might have beyond what it has: a copy, or one replica of a workload that lacks some."""
    name, binding, divided = cluster.name, decision.binding(cluster.name), request.divided
    full = request.policy.type is PolicyType.PICK_N and len(decision.bindings) >= request.policy.number
    if binding is None and full:
        return
    if divided is None or not request.divides:
        if binding is None:
            yield [(work.pod, work.replicas) for work in request.workloads]
        return
    if divided.by is DivideBy.WEIGHT and divided.weights.get(name) == 0:
        return
    whole = [] if binding else [(work.pod, work.replicas) for work in request.workloads if not work.divisible]
    parts = [work for work in request.workloads if work.divisible]
    for work in parts:
        short = work.replicas - sum(other.replicas[work.key] for other in decision.bindings)
        here = binding.replicas[work.key] if binding else 0
        if not short or here >= divided.max.get(name, here + 1):
            continue
        if binding or request.policy.type is PolicyType.PICK_ALL:
            yield [*whole, (work.pod, 1)]
        else:
            # To be picked it needs room for the minimum of everything.
            least = max(1, divided.min.get(name, 0))
            yield [*whole, *((part.pod, least) for part in parts if part.replicas)]
