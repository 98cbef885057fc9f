"""Judges what becomes of what stands: it stays unless something declared takes it away."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from independent_checker import against_new_work, sums, tolerates
from room_checker import overfull

from kubefleet.model.cluster import Cluster, ClusterState
from kubefleet.model.decision import Decision, Plan, Previous
from kubefleet.model.request import Request
from kubefleet.model.snapshot import Snapshot
from kubefleet.model.taint import Effect


def leaves(request: Request, cluster: Cluster, snapshot: Snapshot) -> bool:
    """Whether something that was declared takes a placement away from a cluster."""
    if cluster.state in (ClusterState.LEAVING, ClusterState.DRAINED):
        return True
    return any(
        taint.effect is Effect.NO_EXECUTE and not tolerates(request.policy, taint, snapshot) for taint in cluster.taints
    )


def lasting(request: Request) -> Request:
    """Without what it requires to be free: that it may have taken itself."""
    terms = (replace(t, nodes=tuple(n for n in t.nodes if not n.free)) for t in request.policy.required)
    return replace(request, policy=replace(request.policy, required=tuple(terms)))


def moved(request: Request, previous: Previous, decision: Decision, snapshot: Snapshot) -> list[str]:
    """What has gone, or has become more where nothing new may come."""
    found = []
    parts = [work for work in request.workloads if request.divides and work.divisible]
    for binding in previous.bindings:
        cluster = snapshot.cluster(binding.cluster)
        if cluster is None or leaves(request, cluster, snapshot):
            continue
        now = decision.binding(cluster.name)
        if now is None:
            found.append(f"{cluster.name} has lost it")
            continue
        found += [
            f"{cluster.name} has fewer of {work.key}"
            for work in request.workloads
            if now.replicas[work.key] < binding.replicas[work.key]
        ]
        if against_new_work(request, cluster, snapshot):
            found += [
                f"{cluster.name} has more of {work.key}"
                for work in parts
                if now.replicas[work.key] > binding.replicas[work.key]
            ]
        if against_new_work(lasting(request), cluster, snapshot) and cluster.name not in decision.kept:
            found.append(f"{cluster.name} keeps it without a word")
    stood = {binding.cluster for binding in previous.bindings}
    for cluster in filter(None, (snapshot.cluster(b.cluster) for b in decision.bindings if b.cluster not in stood)):
        found += [f"{cluster.name} is new and {reason}" for reason in against_new_work(request, cluster, snapshot)]
    return found


def judge_next(
    snapshot: Snapshot, requests: Sequence[Request], previous: Mapping[str, Previous], first: Plan, second: Plan
) -> list[str]:
    """Everything wrong with a plan that follows another, of which no policy was edited."""
    found = []
    for request in requests:
        decision = second.decision(request.name)
        assert decision is not None
        wrong = moved(request, previous.get(request.name, Previous()), decision, snapshot)
        if request.name not in previous:
            wrong += sums(request, decision)
        found += [f"{request.name}: {line}" for line in wrong]
    if not overfull(snapshot, requests, first):
        found += overfull(snapshot, requests, first, second)
    return found
