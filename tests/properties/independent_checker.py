"""Judges a plan from the rules alone. It shares the model's values with the scheduler, and no line of its arithmetic.

Labels and taints are compared here; room, spread, affinities and what stands have a checker each.
"""

from collections.abc import Iterable

from affinity_checker import broken_affinities, broken_groups, group_rules, groups_hold, kept_off
from room_checker import bound_by_room, can_hold, held_on, overfull
from spread_checker import counted, skews, too_skewed

from kubefleet.model.cluster import Cluster, ClusterState
from kubefleet.model.decision import Decision, Plan
from kubefleet.model.policy import DivideBy, Nodes, Policy, PolicyType, Term
from kubefleet.model.request import Request
from kubefleet.model.selector import Expr, Operator
from kubefleet.model.snapshot import Snapshot
from kubefleet.model.taint import Effect, Taint


def tolerates(policy: Policy, taint: Taint, snapshot: Snapshot) -> bool:
    seconds = []
    for toleration in policy.tolerations:
        key = toleration.key in ("", taint.key)
        value = toleration.operator == "Exists" or (toleration.key != "" and toleration.value == taint.value)
        if key and value and toleration.effect in ("", str(taint.effect)):
            seconds.append(toleration.seconds)
    if not seconds:
        return False
    limits = [limit for limit in seconds if limit is not None]
    if taint.effect is Effect.NO_EXECUTE and limits and taint.added is not None:
        return (snapshot.taken_at - taint.added).total_seconds() < min(limits)
    return True


def holds(expr: Expr, cluster: Cluster) -> bool:
    """The three kinds of expression that the fleets have."""
    if expr.operator is Operator.GE:
        found = cluster.properties.get(expr.key)
        return found is not None and int(found.text) >= int(expr.values[0])
    inside = cluster.labels.get(expr.key) in expr.values
    return inside if expr.operator is Operator.IN else not inside


def term_holds(term: Term, cluster: Cluster) -> bool:
    described = all(holds(expr, cluster) for expr in (*term.labels, *term.properties))
    return described and all(nodes_like(wanted, cluster) >= wanted.at_least for wanted in term.nodes)


def nodes_like(wanted: Nodes, cluster: Cluster) -> int:
    """Nodes with as many cores as the one expression of the fleets' requirements asks for."""
    need = 1000 * int(wanted.each[0].values[0])
    return sum(
        count
        for shape in cluster.shapes
        for free, count in shape.free
        if (free if wanted.free else shape.capacity)["cpu"] >= need
    )


def against_new_work(request: Request, cluster: Cluster, snapshot: Snapshot) -> list[str]:
    """Everything but capacity and spread that forbids something new on a cluster."""
    policy, found = request.policy, []
    fixed = policy.type is PolicyType.PICK_FIXED
    if cluster.state not in (ClusterState.READY, ClusterState.PLANNED):
        found.append(f"is {cluster.state}")
    for taint in cluster.taints:
        refuses = taint.effect is Effect.NO_EXECUTE or (taint.effect is Effect.NO_SCHEDULE and not fixed)
        if refuses and not tolerates(policy, taint, snapshot):
            found.append(f"has {taint}")
    if policy.required and not fixed and not any(term_holds(term, cluster) for term in policy.required):
        found.append("meets no required term")
    if cluster.namespaces is not None and not request.needs_namespaces <= cluster.namespaces:
        found.append("lacks a namespace")
    if cluster.apis is not None and not request.needs_apis <= cluster.apis:
        found.append("lacks an API")
    if fixed and cluster.name not in policy.names:
        found.append("is not named")
    return found


def sums(request: Request, decision: Decision) -> list[str]:
    """Asked for = placed + explained, workload by workload."""
    found: list[str] = []
    policy, bindings = request.policy, decision.bindings
    whole = [work for work in request.workloads if request.divided is None or not work.divisible]
    for binding in bindings:
        found += [
            f"{binding.cluster} has part of {work.key}" for work in whole if binding.replicas[work.key] != work.replicas
        ]
        if set(binding.replicas) != {work.key for work in request.workloads}:
            found.append(f"{binding.cluster} has other workloads")
    parts = [work for work in request.workloads if request.divided is not None and work.divisible]
    if parts:
        short = {work.key: work.replicas - sum(b.replicas[work.key] for b in bindings) for work in parts}
        found += [f"{key} has {-count} too many" for key, count in short.items() if count < 0]
        if decision.unplaced != sum(short.values()):
            found.append(f"unplaced {decision.unplaced}, short {short}")
        explained = {reason.detail["workload"]: reason.detail["pods"] for reason in decision.missing}
        if explained != {key: count for key, count in short.items() if count}:
            found.append(f"explained {explained}, short {short}")
    else:
        asked = {PolicyType.PICK_N: policy.number, PolicyType.PICK_FIXED: len(policy.names)}.get(policy.type)
        if asked is not None and len(bindings) + decision.unplaced != asked:
            found.append(f"{len(bindings)} copies and {decision.unplaced} unplaced of {asked}")
        if asked is None and decision.unplaced and not (policy.spread_groups or policy.min_clusters):
            found.append("PickAll asks for no number")
        if len(decision.missing) != decision.unplaced:
            found.append(f"{len(decision.missing)} reasons for {decision.unplaced} copies")
    return found


def accounted(decision: Decision, snapshot: Snapshot) -> list[str]:
    """Every cluster is chosen, or refused with a reason."""
    chosen = {binding.cluster for binding in decision.bindings}
    everyone = {cluster.name for cluster in snapshot.clusters}
    silent = sorted(name for name, reasons in decision.refused.items() if not reasons)
    ok = chosen | set(decision.refused) == everyone and chosen.isdisjoint(decision.refused)
    return [*([] if ok else ["clusters are missing or named twice"]), *(f"{name} without reason" for name in silent)]


def bounds(request: Request, decision: Decision) -> list[str]:
    """Numbers of clusters, and the user's maximum and weight of each."""
    policy, divided = request.policy, request.divided
    found = []
    if policy.type is PolicyType.PICK_N and len(decision.bindings) > policy.number:
        found.append(f"{len(decision.bindings)} clusters of {policy.number}")
    if divided is None:
        return found
    for binding in decision.bindings:
        name, most = binding.cluster, divided.max.get(binding.cluster, 1000)
        if divided.by is DivideBy.WEIGHT and divided.weights.get(name) == 0:
            most = min(most, divided.min.get(name, 0))
        parts = (binding.replicas[work.key] for work in request.workloads if work.divisible)
        found += [f"{name} has {count}, above its maximum" for count in parts if count > most]
    return found


class Judge:
    """Judges one plan made from nothing."""

    def __init__(self, snapshot: Snapshot, requests: Iterable[Request], plan: Plan) -> None:
        self.snapshot, self.requests, self.plan = snapshot, tuple(requests), plan

    def wrong(self) -> list[str]:
        """Everything that is wrong with it."""
        found = broken_affinities(self.snapshot, self.requests, self.plan)
        for request in self.requests:
            decision = self.plan.decision(request.name)
            assert decision is not None
            lines = [
                *accounted(decision, self.snapshot),
                *sums(request, decision),
                *bounds(request, decision),
                *broken_groups(request, decision, self.snapshot),
                *self._spread(request, decision),
                *self._minimums(request, decision),
            ]
            for cluster in filter(None, (self.snapshot.cluster(binding.cluster) for binding in decision.bindings)):
                lines += [f"{cluster.name} {why}" for why in against_new_work(request, cluster, self.snapshot)]
            found += [f"{request.name}: {line}" for line in lines]
        return found + overfull(self.snapshot, self.requests, self.plan)

    def _eligible(self, request: Request) -> list[Cluster]:
        """Clusters that pass every filter but capacity, spread and those about other placements."""
        keys = [key for key, _, _ in group_rules(request) if key != "cluster"]
        return [
            cluster
            for cluster in self.snapshot.clusters
            if not against_new_work(request, cluster, self.snapshot) and all(key in cluster.labels for key in keys)
        ]

    def _spread(self, request: Request, decision: Decision) -> list[str]:
        eligible = self._eligible(request)
        surely = [c for c in eligible if not kept_off(request, c, self.snapshot, self.requests, self.plan)]
        return skews(request, decision, eligible, surely, self.snapshot)

    def _minimums(self, request: Request, decision: Decision) -> list[str]:
        """Clusters that have less than the user's minimum where they could have more."""
        if request.divided is None or len(request.workloads) != 1:
            return []
        low = request.divided.min
        return [
            f"{name} has {count}, below its minimum"
            for key, counts in counted(request, decision).items()
            for name, count in counts.items()
            if key and count < low.get(name, 0) and self._could_have_more(request, counts, name)
        ]

    def _could_have_more(self, request: Request, counts: dict[str, int], name: str) -> bool:
        """One that is left over, or another cluster's. The spread may forbid it, or rules about groups; and where
        capacity is a warning there may be no room.
        """
        (work,), cluster = request.workloads, self.snapshot.cluster(name)
        assert cluster is not None
        assert request.divided is not None
        full = [*held_on(name, self.requests, self.plan), (work.pod, 1)]
        if request.policy.type is PolicyType.PICK_ALL and bound_by_room(request) and not can_hold(cluster, full):
            return False
        more = counts | {name: counts[name] + 1}
        if sum(counts.values()) < work.replicas:
            others = [more]
        else:
            spare = (other for other, n in counts.items() if other != name and n > request.divided.min.get(other, 0))
            others = [more | {other: counts[other] - 1} for other in spare]
        eligible = self._eligible(request)
        return any(
            groups_hold(request, [cluster for cluster in self.snapshot.clusters if other.get(cluster.name)])
            and not too_skewed(request, other, eligible, self.snapshot)
            for other in others
        )


def judge_new(snapshot: Snapshot, requests: Iterable[Request], plan: Plan) -> list[str]:
    """Everything wrong with a plan made from nothing."""
    return Judge(snapshot, requests, plan).wrong()
