"""What holds where pools may grow, judged by rules written a second time."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from independent_checker import against_new_work, judge_new
from room_checker import bound_by_room, demands, free_nodes, nodes
from small_fleets import fleets, requests, several
from small_pools import growing, grown
from test_plans_over_time import after, counts

from kubefleet.model.amounts import Amounts
from kubefleet.model.cluster import Cluster, ClusterState
from kubefleet.model.decision import Plan
from kubefleet.model.growth import NO_GROWTH
from kubefleet.model.policy import Fit, PolicyType
from kubefleet.model.reason import Code
from kubefleet.model.request import PodShape
from kubefleet.model.snapshot import Snapshot
from kubefleet.scheduling import schedule

pytestmark = pytest.mark.fast


def without_growth(snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, clusters=tuple(replace(cluster, growth=NO_GROWTH) for cluster in snapshot.clusters))


def room(cluster: Cluster, pod: PodShape) -> int:
    """Pods of one size on the nodes that are there, node by node."""
    free, need = free_nodes(cluster), (pod.requests.get("cpu", 0), pod.requests.get("memory", 0), 1)
    return sum(min(have // take for have, take in zip(free[n], need, strict=True) if take) for n in nodes(cluster, pod))


def new_nodes(plan: Plan) -> Iterable[tuple[str, str, str, int]]:
    for decision in plan.decisions:
        for reason in decision.warnings:
            if reason.code is Code.NEEDS_NODES:
                yield decision.placement, reason.cluster, str(reason.detail["pool"]), int(reason.detail["nodes"])


@given(growing(), several(types=(PolicyType.PICK_N,)))
def test_no_cluster_gets_more_than_it_can_hold_once_it_has_grown(snapshot: Snapshot, asked) -> None:
    asked = tuple(request for request in asked if bound_by_room(request))
    assert judge_new(grown(snapshot), asked, schedule(snapshot, asked, {})) == []


@given(growing(), several())
def test_no_pool_grows_beyond_its_maximum(snapshot: Snapshot, asked) -> None:
    needed: dict[tuple[str, str], int] = {}
    for _, cluster, pool, count in new_nodes(schedule(snapshot, asked, {})):
        needed[cluster, pool] = needed.get((cluster, pool), 0) + count
    most = {(row.name, pool.name): pool.nodes.count for row in snapshot.clusters for pool in row.growth.pools}
    assert all(count <= most[key] for key, count in needed.items())


@given(growing(), several())
def test_pools_that_grow_unplace_nothing(snapshot: Snapshot, asked) -> None:
    first = schedule(without_growth(snapshot), asked, {})
    second = schedule(snapshot, asked, after(first))
    for one, two in zip(first.decisions, second.decisions, strict=True):
        assert two.unplaced <= one.unplaced
        for name, replicas in counts(one).items():
            for key, count in replicas.items():
                assert counts(two)[name][key] >= count


@given(growing(), requests(types=(PolicyType.PICK_ALL, PolicyType.PICK_N), spread=False, divided=True, workloads=1))
def test_replicas_are_on_new_nodes_only_where_the_others_are_full(snapshot: Snapshot, request_) -> None:
    assert request_.divided is not None
    request_ = replace(
        request_,
        policy=replace(request_.policy, fit=Fit.FILTER),
        divided=replace(request_.divided, min=type(request_.divided.min)()),
    )
    plan = schedule(snapshot, [request_], {})
    decision, work, divided = plan.decisions[0], request_.workloads[0], request_.divided
    if not list(new_nodes(plan)):
        return
    for binding in decision.bindings:
        cluster = snapshot.cluster(binding.cluster)
        assert cluster is not None
        most = divided.max.get(cluster.name, work.replicas)
        if cluster.capacity_known:
            assert binding.replicas[work.key] >= min(most, room(cluster, work.pod))
        else:
            assert binding.replicas[work.key] >= most


@given(growing(), requests(types=(PolicyType.PICK_N,), spread=False, divided=False, workloads=1))
def test_a_copy_is_on_new_nodes_only_where_no_equal_cluster_has_room(snapshot: Snapshot, request_) -> None:
    request_ = replace(request_, policy=replace(request_.policy, preferred=(), fit=Fit.FILTER))
    plan = schedule(snapshot, [request_], {})
    (decision,), work = plan.decisions, request_.workloads[0]
    if not list(new_nodes(plan)):
        return
    for cluster in snapshot.clusters:
        if decision.binding(cluster.name) is None and not against_new_work(request_, cluster, snapshot):
            assert cluster.capacity_known
            assert room(cluster, work.pod) < work.replicas


@given(growing(), several())
def test_what_is_placed_needs_new_nodes_where_the_others_do_not_hold_it(snapshot: Snapshot, asked) -> None:
    """Of one size, so that what the nodes hold is certain."""
    asked = tuple(
        replace(request, workloads=tuple(replace(work, pod=PodShape()) for work in request.workloads))
        for request in asked
    )
    plan = schedule(snapshot, asked, {})
    by_name = {request.name: request for request in asked}
    told = {cluster for _, cluster, _, _ in new_nodes(plan)}
    for cluster in snapshot.clusters:
        pods = sum(
            count
            for decision in plan.decisions
            if (binding := decision.binding(cluster.name)) is not None
            for _, count in demands(by_name[decision.placement].workloads, binding.replicas)
        )
        if cluster.capacity_known and cluster.state is not ClusterState.UNREACHABLE:
            beyond = pods > room(cluster, PodShape())
            assert (cluster.name in told) == (beyond and bool(cluster.growth.pools))


@given(growing(), several(), st.randoms(use_true_random=False))
def test_neither_the_order_of_clusters_nor_of_placements_matters(snapshot: Snapshot, asked, random) -> None:
    clusters, others = list(snapshot.clusters), list(asked)
    random.shuffle(clusters)
    random.shuffle(others)
    shuffled = schedule(replace(snapshot, clusters=tuple(clusters)), others, {})
    assert shuffled == schedule(snapshot, asked, {})


@given(growing(), several())
def test_planning_the_planned_plan_changes_nothing(snapshot: Snapshot, asked) -> None:
    first = schedule(snapshot, asked, {})
    second = schedule(snapshot, asked, after(first))
    assert [decision.bindings for decision in second.decisions] == [decision.bindings for decision in first.decisions]
    assert list(new_nodes(second)) == []


@given(fleets(healthy=True), several(spread=False), several(spread=False), st.sampled_from([1, 2, 4]))
def test_room_that_is_told_for_the_next_run_is_there_then(snapshot: Snapshot, before, asked, cpu: int) -> None:
    """Pods of one size, so that it does not matter where on a cluster they stand."""
    pod = PodShape(Amounts({"cpu": cpu * 1000}))

    def alike(requests_):
        return [replace(item, workloads=tuple(replace(work, pod=pod) for work in item.workloads)) for item in requests_]

    first = schedule(snapshot, alike(before), {})
    second = schedule(snapshot, alike(asked), after(first))
    third = schedule(snapshot, alike(asked), after(second))
    told = [decision for decision in second.decisions if decision.later]
    gained = [
        then.unplaced < now.unplaced or then.bindings != now.bindings
        for now in told
        if (then := third.decision(now.placement)) is not None
    ]
    # Who comes first in order gets the room; of those that are told at least one.
    assert not told or any(gained)
