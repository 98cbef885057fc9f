"""What holds for every plan, judged by rules written a second time."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from independent_checker import against_new_work, judge_new
from room_checker import bound_by_room, can_hold, demands
from small_fleets import fleets, requests, several

from kubefleet.model.cluster import ClusterState
from kubefleet.model.decision import Plan
from kubefleet.model.policy import DivideBy, PolicyType
from kubefleet.model.request import Request
from kubefleet.model.snapshot import Snapshot
from kubefleet.scheduling import schedule

pytestmark = pytest.mark.fast

BOUND = (PolicyType.PICK_N,)
REFUSED = (ClusterState.CORDONED, ClusterState.UNREACHABLE, ClusterState.NOT_READY)


@given(fleets(), several())
def test_rules_hold_and_sums_are_as_asked_or_explained(snapshot: Snapshot, asked: tuple[Request, ...]) -> None:
    assert judge_new(snapshot, asked, schedule(snapshot, asked, {})) == []


@given(fleets(), several(types=BOUND))
def test_no_cluster_gets_more_than_it_can_hold(snapshot: Snapshot, asked: tuple[Request, ...]) -> None:
    asked = tuple(request for request in asked if bound_by_room(request))
    assert judge_new(snapshot, asked, schedule(snapshot, asked, {})) == []


@given(fleets(), requests(types=BOUND, spread=False, divided=False, workloads=1))
def test_a_copy_is_unplaced_only_where_no_cluster_could_take_it(snapshot: Snapshot, request_: Request) -> None:
    decision = schedule(snapshot, [request_], {}).decisions[0]
    if not decision.unplaced:
        return
    chosen = {binding.cluster for binding in decision.bindings}
    whole = {work.key: work.replicas for work in request_.workloads}
    for cluster in snapshot.clusters:
        if cluster.name not in chosen and not against_new_work(request_, cluster, snapshot):
            assert not can_hold(cluster, demands(request_.workloads, whole))


@given(fleets(), requests(types=(PolicyType.PICK_ALL,), spread=False, divided=True, workloads=1))
def test_a_replica_is_unplaced_only_where_no_cluster_could_take_it(snapshot: Snapshot, request_: Request) -> None:
    decision = schedule(snapshot, [request_], {}).decisions[0]
    divided, work = request_.divided, request_.workloads[0]
    assert divided is not None
    if not decision.unplaced:
        return
    for cluster in snapshot.clusters:
        binding = decision.binding(cluster.name)
        one_more = (binding.replicas[work.key] if binding else 0) + 1
        forbidden = against_new_work(request_, cluster, snapshot) or one_more > divided.max.get(cluster.name, one_more)
        if divided.by is DivideBy.WEIGHT and divided.weights.get(cluster.name, 1) == 0:
            continue
        assert forbidden or (bound_by_room(request_) and not can_hold(cluster, [(work.pod, one_more)]))


@given(fleets(), several())
def test_where_all_is_placed_the_first_in_order_is_planned_as_if_alone(
    snapshot: Snapshot, asked: tuple[Request, ...]
) -> None:
    first = min(asked, key=lambda request: (-request.priority, request.name))
    alone, together = schedule(snapshot, [first], {}), schedule(snapshot, asked, {})
    # Where something is not, exchanges may have placed more.
    if not any(decision.unplaced for decision in together.decisions):
        assert alone.decision(first.name) == together.decision(first.name)


@given(fleets(), several())
def test_of_the_highest_priority_no_less_is_placed_than_without_the_others(
    snapshot: Snapshot, asked: tuple[Request, ...]
) -> None:
    highest = [request for request in asked if request.priority == max(other.priority for other in asked)]
    alone, together = schedule(snapshot, highest, {}), schedule(snapshot, asked, {})
    assert _placed(together, highest) >= _placed(alone, highest)


def _placed(plan: Plan, requests: Sequence[Request]) -> int:
    names = {request.name for request in requests}
    return sum(b.total for decision in plan.decisions if decision.placement in names for b in decision.bindings)


@given(fleets(), several(), st.randoms(use_true_random=False))
def test_neither_the_order_of_clusters_nor_of_placements_matters(snapshot, asked, random) -> None:
    clusters, others = list(snapshot.clusters), list(asked)
    random.shuffle(clusters)
    random.shuffle(others)
    shuffled = schedule(replace(snapshot, clusters=tuple(clusters)), others, {})
    assert shuffled == schedule(snapshot, asked, {})


@given(fleets(), several(), st.integers(0, 4), st.sampled_from(REFUSED))
def test_a_cluster_that_a_filter_refuses_might_as_well_not_be_there(snapshot, asked, which, state) -> None:
    refused = snapshot.clusters[which % len(snapshot.clusters)]
    asked = [request for request in asked if request.policy.type is not PolicyType.PICK_FIXED]
    there = replace(refused, state=state)
    with_it = replace(snapshot, clusters=tuple(there if other is refused else other for other in snapshot.clusters))
    without = replace(snapshot, clusters=tuple(other for other in snapshot.clusters if other is not refused))
    one, two = schedule(with_it, asked, {}), schedule(without, asked, {})
    for a, b in zip(one.decisions, two.decisions, strict=True):
        assert (a.bindings, a.candidates, a.unplaced) == (b.bindings, b.candidates, b.unplaced)


@given(fleets(), requests(types=(PolicyType.PICK_ALL, PolicyType.PICK_N)))
def test_clusters_that_filters_refuse_might_as_well_not_be_there(snapshot: Snapshot, request_: Request) -> None:
    """All of them at once, whatever refuses them but room and spread."""
    able = tuple(cluster for cluster in snapshot.clusters if not against_new_work(request_, cluster, snapshot))
    one, two = (schedule(fleet, [request_], {}).decisions[0] for fleet in (snapshot, replace(snapshot, clusters=able)))
    assert (one.bindings, one.candidates, one.unplaced) == (two.bindings, two.candidates, two.unplaced)


@given(fleets(healthy=True), requests(types=(PolicyType.PICK_ALL,), divided=True, workloads=1), st.integers(0, 9))
def test_a_larger_total_gives_no_cluster_less(snapshot: Snapshot, request_: Request, more: int) -> None:
    divided, work = request_.divided, request_.workloads[0]
    assert divided is not None
    request_ = replace(request_, divided=replace(divided, by=DivideBy.WEIGHT))
    grown = replace(request_, workloads=(replace(work, replicas=work.replicas + more),))
    small, large = (schedule(snapshot, [asked], {}).decisions[0] for asked in (request_, grown))
    for binding in (binding for binding in small.bindings if binding.total):
        after = large.binding(binding.cluster)
        assert after is not None
        assert after.replicas[work.key] >= binding.replicas[work.key]
