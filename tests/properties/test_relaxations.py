"""Laws of what would make things fit: whoever does what it says sees what it promised."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from immutabledict import immutabledict
from small_fleets import NOW, fleets, requests, several

from kubefleet.model.cluster import Cluster, ClusterState
from kubefleet.model.decision import Previous
from kubefleet.model.policy import PolicyType, SpreadGroup
from kubefleet.model.relaxation import Change, Constraint
from kubefleet.model.request import Request
from kubefleet.model.selector import Expr
from kubefleet.model.snapshot import Snapshot
from kubefleet.model.taint import Effect, Taint, Toleration
from kubefleet.scheduling import schedule
from kubefleet.scheduling.relax.search import MOST

pytestmark = pytest.mark.fast

ASKING = (PolicyType.PICK_N, PolicyType.PICK_FIXED)


def edited(change: Change, snapshot: Snapshot, request: Request) -> tuple[Snapshot, Request]:
    """The fleet and the request as a user would change them, written without the scheduler's own edits."""
    detail, policy = change.detail, request.policy
    clusters = {cluster.name: cluster for cluster in snapshot.clusters}
    match change.constraint:
        case Constraint.TOLERATION:
            allowed = Toleration(detail["key"], "Equal", detail["value"], detail["effect"])
            others = policy.tolerations
            if "lasts" in detail:
                taint = Taint(detail["key"], detail["value"], Effect(detail["effect"]))
                others = (replace(other, seconds=None) if other.tolerates(taint) else other for other in others)
            policy = replace(policy, tolerations=(*others, allowed))
        case Constraint.LABEL:
            policy = replace(policy, required=tuple(_with_label(term, detail) for term in policy.required))
        case Constraint.PROPERTY:
            policy = replace(policy, required=tuple(_with_property(term, detail) for term in policy.required))
        case Constraint.NODE_REQUIREMENT:
            policy = replace(policy, required=tuple(_with_fewer_nodes(term, detail) for term in policy.required))
        case Constraint.TOPOLOGY_SPREAD if "from" in detail:
            spreads = (replace(spread, max_skew=detail["to"]) for spread in policy.topology_spread)
            policy = replace(policy, topology_spread=tuple(spreads))
        case Constraint.TOPOLOGY_SPREAD:
            spreads = (replace(spread, hard=False, min_domains=None) for spread in policy.topology_spread)
            policy = replace(policy, topology_spread=tuple(spreads))
        case Constraint.MIN_DOMAINS:
            spreads = (replace(spread, min_domains=detail["to"]) for spread in policy.topology_spread)
            policy = replace(policy, topology_spread=tuple(spreads))
        case Constraint.SPREAD_GROUPS:
            bounds = {f"{detail['bound']}_groups": detail["to"]}
            groups = (replace(g, **bounds) if g.key == detail["key"] else g for g in policy.spread_groups)
            policy = replace(policy, spread_groups=tuple(groups))
        case Constraint.RULE if detail["code"] == "not-enough-groups":
            policy = replace(policy, spread_groups=tuple(g for g in policy.spread_groups if g.key != detail["key"]))
        case Constraint.MIN_CLUSTERS:
            policy = replace(policy, min_clusters=detail["to"])
        case Constraint.NAMESPACE:
            for name, cluster in clusters.items():
                if cluster.namespaces is not None:
                    clusters[name] = replace(cluster, namespaces=cluster.namespaces | {detail["name"]})
        case Constraint.API:
            for name, cluster in clusters.items():
                if cluster.apis is not None:
                    clusters[name] = replace(cluster, apis=cluster.apis | {detail["name"]})
        case Constraint.CLUSTER_STATE:
            clusters[detail["cluster"]] = replace(clusters[detail["cluster"]], state=ClusterState.READY)
        case Constraint.NODES:
            clusters[detail["cluster"]] = _with_nodes(clusters[detail["cluster"]], detail)
        case Constraint.CLUSTERS:
            policy = replace(policy, number=detail["to"])
        case Constraint.MAXIMUM:
            most = immutabledict({**request.divided.max, detail["cluster"]: detail["to"]})
            request = replace(request, divided=replace(request.divided, max=most))
        case Constraint.REQUEST:
            works = (_with_request(work, detail) for work in request.workloads)
            request = replace(request, workloads=tuple(works))
        case Constraint.NUMBER if request.divides:
            works = (replace(w, replicas=detail["to"]) if w.divisible else w for w in request.workloads)
            request = replace(request, workloads=tuple(works))
        case Constraint.NUMBER:
            policy = replace(policy, number=detail["to"])
        case _:
            raise AssertionError(change)
    changed = tuple(clusters[cluster.name] for cluster in snapshot.clusters)
    return replace(snapshot, clusters=changed), replace(request, policy=policy)


def _with_label(term, detail):
    kept = []
    for expr in term.labels:
        if str(expr) != detail["wanted"]:
            kept.append(expr)
        elif detail["seen"] != "absent" and str(expr.operator) == "In":
            kept.append(Expr(expr.key, expr.operator, (*expr.values, detail["seen"])))
    return replace(term, labels=tuple(kept))


def _with_property(term, detail):
    kept = [expr for expr in term.properties if str(expr) != detail["from"]]
    if len(kept) < len(term.properties) and detail["to"] != "any":
        key, operator, value = detail["to"].split()
        kept.append(Expr(key, type(term.properties[0].operator)(operator), (value,)))
    return replace(term, properties=tuple(kept))


def _with_fewer_nodes(term, detail):
    kept = []
    for nodes in term.nodes:
        named = ", ".join(map(str, nodes.each)) == detail["wanted"] and nodes.free == bool(detail["free"])
        if not named or nodes.at_least != detail["from"]:
            kept.append(nodes)
        elif detail["to"]:
            kept.append(replace(nodes, at_least=detail["to"]))
    return replace(term, nodes=tuple(kept))


def _with_nodes(cluster: Cluster, detail) -> Cluster:
    """Some shape with these amounts; which one of several with the same figures is not told, so all of them grow."""
    alike = [
        shape
        for shape in cluster.shapes
        if all(shape.allocatable.get(name, 0) == detail[name] for name in ("cpu", "memory"))
    ]
    assert alike
    more = tuple(replace(shape, count=detail["count"], free=((shape.allocatable, detail["count"]),)) for shape in alike)
    return replace(cluster, shapes=(*cluster.shapes, *more))


def _with_request(work, detail):
    if work.key != detail["workload"]:
        return work
    requests_ = immutabledict({**work.pod.requests, detail["resource"]: detail["to"]})
    return replace(work, pod=replace(work.pod, requests=requests_))


@given(fleets(), requests(types=ASKING))
def test_with_the_change_made_so_much_is_unplaced_as_it_says(snapshot: Snapshot, request_: Request) -> None:
    decision = schedule(snapshot, [request_], {}).decisions[0]
    before = {request_.name: Previous(decision.bindings)}
    for relaxation in decision.relaxations:
        assert relaxation.unplaced < decision.unplaced
        other, asked = snapshot, request_
        for change in relaxation.changes:
            other, asked = edited(change, other, asked)
        assert schedule(other, [asked], before).decisions[0].unplaced <= relaxation.unplaced


GROUPS = st.tuples(st.integers(1, 3), st.sampled_from([None, 3])).map(
    lambda bounds: (SpreadGroup("region", min_groups=bounds[0], max_groups=bounds[1]),)
)


@given(fleets(), requests(types=ASKING[:1], spread=False), GROUPS, st.integers(0, 4))
def test_groups_and_clusters_that_are_too_many_are_made_fewer(snapshot, request_, groups, least) -> None:
    policy = replace(request_.policy, spread_groups=groups, min_clusters=min(least, request_.policy.number))
    asked = replace(request_, policy=policy)
    decision = schedule(snapshot, [asked], {}).decisions[0]
    before = {asked.name: Previous(decision.bindings)}
    for relaxation in decision.relaxations:
        other, changed = snapshot, asked
        for change in relaxation.changes:
            other, changed = edited(change, other, changed)
        assert schedule(other, [changed], before).decisions[0].unplaced <= relaxation.unplaced


@given(fleets(), several())
def test_they_are_few_sorted_and_the_same_in_whatever_order_things_come(snapshot, asked) -> None:
    forwards = schedule(snapshot, asked, {})
    backwards = schedule(Snapshot(NOW, snapshot.clusters[::-1]), asked[::-1], {})
    for one, other in zip(forwards.decisions, backwards.decisions, strict=True):
        assert list(one.relaxations) == list(other.relaxations)
        assert len(one.relaxations) <= MOST
        assert bool(one.relaxations) <= bool(one.unplaced)
        assert len({item.changes for item in one.relaxations}) == len(one.relaxations)
