"""Judges a plan from the rules alone. It shares the model's values with the scheduler, and no line of its arithmetic:
nodes are filled one by one, pods are packed by trying, labels and taints are compared here.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache

from affinity_checker import broken_affinities, broken_groups

from kubefleet.model.cluster import Cluster, ClusterState
from kubefleet.model.decision import Decision, Plan
from kubefleet.model.policy import Fit, Nodes, Policy, PolicyType, Term
from kubefleet.model.request import PodShape, Request, Workload
from kubefleet.model.selector import Expr, Operator
from kubefleet.model.snapshot import Snapshot
from kubefleet.model.taint import Effect, Taint

Free = tuple[int, int, int]
"""cpu, memory and pod slots."""


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
    if fixed and cluster.name not in policy.names:
        found.append("is not named")
    return found


def nodes(cluster: Cluster, pod: PodShape) -> list[int]:
    """Which of `free_nodes` accept the pod."""
    accept, place = [], 0
    for shape in cluster.shapes:
        fits = all(shape.labels.get(key) == value for key, value in pod.node_selector.items())
        accept += [place + n for n in range(shape.count) if fits]
        place += shape.count
    return accept


def free_nodes(cluster: Cluster) -> list[Free]:
    return [
        (amounts["cpu"], amounts["memory"], amounts["pods"])
        for shape in cluster.shapes
        for amounts, count in shape.free
        for _ in range(count)
    ]


def can_hold(cluster: Cluster, demands: Iterable[tuple[PodShape, int]]) -> bool:
    """Whether some way of packing these pods on the cluster's nodes exists, by trying them all."""
    if not cluster.capacity_known:
        return True
    wanted = [(pod, count) for pod, count in demands if count > 0]
    needs = [(pod.requests.get("cpu", 0), pod.requests.get("memory", 0), 1) for pod, _ in wanted]
    accepting = [nodes(cluster, pod) for pod, _ in wanted]

    @cache
    def fits(which: int, count: int, node: int, free: tuple[Free, ...]) -> bool:
        """Place `count` more of demand `which`, on its accepting nodes from number `node` on."""
        if count == 0:
            return which + 1 == len(wanted) or fits(which + 1, wanted[which + 1][1], 0, free)
        if node == len(accepting[which]):
            return False
        place, need = accepting[which][node], needs[which]
        most = min((have // take for have, take in zip(free[place], need, strict=True) if take), default=count)
        for here in range(min(most, count), -1, -1):
            left = tuple(have - here * take for have, take in zip(free[place], need, strict=True))
            if fits(which, count - here, node + 1, (*free[:place], left, *free[place + 1 :])):  # type: ignore[arg-type]
                return True
        return False

    return not wanted or fits(0, wanted[0][1], 0, tuple(free_nodes(cluster)))


def skews(request: Request, decision: Decision, snapshot: Snapshot) -> list[str]:
    """DoNotSchedule constraints that the whole decision breaks: in copies, or in replicas of a divided workload."""
    eligible = [cluster for cluster in snapshot.clusters if not against_new_work(request, cluster, snapshot)]
    parts = [work.key for work in request.workloads if request.divided is not None and work.divisible]
    found = []
    for spread in request.policy.topology_spread:
        if not spread.hard or request.policy.type is PolicyType.PICK_FIXED:
            continue
        domains = {cluster.labels[spread.key] for cluster in eligible if spread.key in cluster.labels}
        for key in parts or [""]:
            counts: Counter[str] = Counter()
            for binding in decision.bindings:
                cluster = snapshot.cluster(binding.cluster)
                assert cluster is not None
                counts[cluster.labels.get(spread.key, "")] += binding.replicas[key] if key else 1
            least = min((counts[domain] for domain in domains), default=0)
            if len(domains) < (spread.min_domains or 0):
                least = 0
            found += [
                f"{d or 'no domain'} has {n}, least {least}" for d, n in counts.items() if n - least > spread.max_skew
            ]
            found += ["a cluster without domain"] if counts[""] else []
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


def bounds(request: Request, decision: Decision) -> list[str]:
    """Numbers of clusters, and the user's minimum and maximum of each."""
    policy, divided = request.policy, request.divided
    found = []
    if policy.type is PolicyType.PICK_N and len(decision.bindings) > policy.number:
        found.append(f"{len(decision.bindings)} clusters of {policy.number}")
    for binding in decision.bindings if divided is not None else ():
        for work in (work for work in request.workloads if work.divisible):
            count = binding.replicas[work.key]
            if divided and count > divided.max.get(binding.cluster, count):
                found.append(f"{binding.cluster} has {count}, above its maximum")
            if divided and len(request.workloads) == 1 and count < divided.min.get(binding.cluster, 0):
                found.append(f"{binding.cluster} has {count}, below its minimum")
    return found


def accounted(decision: Decision, snapshot: Snapshot) -> list[str]:
    """Every cluster is chosen, or refused with a reason."""
    chosen = {binding.cluster for binding in decision.bindings}
    everyone = {cluster.name for cluster in snapshot.clusters}
    silent = sorted(name for name, reasons in decision.refused.items() if not reasons)
    ok = chosen | set(decision.refused) == everyone and chosen.isdisjoint(decision.refused)
    return [*([] if ok else ["clusters are missing or named twice"]), *(f"{name} without reason" for name in silent)]


def bound_by_room(request: Request) -> bool:
    """Whether capacity limits what a placement gets: not PickFixed, not whole copies on all clusters."""
    kind, whole = request.policy.type, not request.divides or any(not work.divisible for work in request.workloads)
    return (
        request.policy.fit is Fit.FILTER
        and kind is not PolicyType.PICK_FIXED
        and not (kind is PolicyType.PICK_ALL and whole)
    )


def demands(work: Iterable[Workload], replicas: Mapping[str, int]) -> list[tuple[PodShape, int]]:
    return [(workload.pod, replicas.get(workload.key, 0)) for workload in work]


def judge_new(snapshot: Snapshot, requests: Iterable[Request], plan: Plan) -> list[str]:
    """Everything wrong with a plan made from nothing."""
    requests = tuple(requests)
    by_name = {request.name: request for request in requests}
    found = broken_affinities(snapshot, requests, plan)
    for decision in plan.decisions:
        request = by_name[decision.placement]
        wrong = [
            *accounted(decision, snapshot),
            *sums(request, decision),
            *bounds(request, decision),
            *skews(request, decision, snapshot),
            *broken_groups(request, decision, snapshot),
        ]
        for binding in decision.bindings:
            cluster = snapshot.cluster(binding.cluster)
            assert cluster is not None
            wrong += [f"{cluster.name} {reason}" for reason in against_new_work(request, cluster, snapshot)]
        found += [f"{decision.placement}: {line}" for line in wrong]
    for cluster in snapshot.clusters:
        held = [
            demand
            for decision in plan.decisions
            for binding in decision.bindings
            if binding.cluster == cluster.name
            for demand in demands(by_name[decision.placement].workloads, binding.replicas)
        ]
        if all(map(bound_by_room, by_name.values())) and not can_hold(cluster, held):
            found.append(f"{cluster.name} cannot hold what it got")
    return found
