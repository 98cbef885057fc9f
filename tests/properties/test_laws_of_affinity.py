"""What holds for spread groups and affinities, judged by rules written a second time."""

from dataclasses import replace

import pytest
from affinity_checker import broken_affinities, group_rules, most_that_hold
from hypothesis import given
from hypothesis import strategies as st
from independent_checker import against_new_work, judge_new
from room_checker import can_hold, demands
from small_affinities import tied
from small_fleets import fleets

from kubefleet.model.cluster import Cluster
from kubefleet.model.decision import Plan, Previous
from kubefleet.model.policy import Fit, PolicyType
from kubefleet.model.request import Request
from kubefleet.model.snapshot import Snapshot
from kubefleet.scheduling import schedule

pytestmark = pytest.mark.fast

BOUND = (PolicyType.PICK_N, PolicyType.PICK_ALL)


def after(plan: Plan, *, edited: bool = False) -> dict[str, Previous]:
    return {decision.placement: Previous(decision.bindings, edited) for decision in plan.decisions}


@given(fleets(), tied())
def test_groups_and_affinities_hold_in_every_plan_from_nothing(snapshot: Snapshot, asked: tuple[Request, ...]) -> None:
    assert judge_new(snapshot, asked, schedule(snapshot, asked, {})) == []


@given(fleets(healthy=True), tied(spread=False, divided=False, types=BOUND))
def test_circles_and_chains_hold_where_there_is_room_and_where_not(
    snapshot: Snapshot, asked: tuple[Request, ...]
) -> None:
    assert judge_new(snapshot, asked, schedule(snapshot, asked, {})) == []


@given(fleets(), tied(spread=False, divided=False, types=BOUND, workloads=1))
def test_as_many_clusters_are_found_as_the_groups_allow(snapshot: Snapshot, asked: tuple[Request, ...]) -> None:
    """With pods of one size, since only then room is exact: how several are packed is not the groups' matter."""
    alone = replace(asked[0], policy=replace(asked[0].policy, affinity=(), anti_affinity=()))
    whole = {work.key: work.replicas for work in alone.workloads}

    def fits(cluster: Cluster) -> bool:
        keys = [key for key, _, _ in group_rules(alone) if key != "cluster"]
        room = alone.policy.type is PolicyType.PICK_ALL or alone.policy.fit is not Fit.FILTER
        return (
            not against_new_work(alone, cluster, snapshot)
            and all(key in cluster.labels for key in keys)
            and (room or can_hold(cluster, demands(alone.workloads, whole)))
        )

    able = [cluster for cluster in snapshot.clusters if fits(cluster)]
    number = alone.policy.number if alone.policy.type is PolicyType.PICK_N else len(able)
    decision = schedule(snapshot, [alone], {}).decisions[0]
    assert len(decision.bindings) == most_that_hold(alone, able, number)


@given(fleets(), tied(), st.randoms(use_true_random=False))
def test_neither_the_order_of_clusters_nor_of_placements_matters(snapshot, asked, random) -> None:
    clusters, others = list(snapshot.clusters), list(asked)
    random.shuffle(clusters)
    random.shuffle(others)
    assert schedule(replace(snapshot, clusters=tuple(clusters)), others, {}) == schedule(snapshot, asked, {})


@given(fleets(), tied(), st.booleans())
def test_planning_the_planned_plan_changes_nothing(
    snapshot: Snapshot, asked: tuple[Request, ...], edited: bool
) -> None:
    first = schedule(snapshot, asked, {})
    again = schedule(snapshot, asked, after(first, edited=edited))
    assert again.moves == ()
    for one, two in zip(first.decisions, again.decisions, strict=True):
        assert (two.bindings, two.unplaced, two.left) == (one.bindings, one.unplaced, {})


@given(fleets(), tied(), tied())
def test_new_demand_and_other_rules_displace_nothing(snapshot, asked, others) -> None:
    """What runs stays when policies change for all but it, and when others come."""
    first = schedule(snapshot, [asked[0]], {})
    second = schedule(snapshot, [asked[0], *(r for r in others if r.name != asked[0].name)], after(first))
    one, two = first.decisions[0], second.decision(asked[0].name)
    assert two is not None
    assert {binding.cluster for binding in one.bindings} <= {binding.cluster for binding in two.bindings}


@given(fleets(), tied(types=BOUND, groups=False))
def test_an_edit_leads_to_a_plan_in_which_all_affinities_hold_or_what_breaks_them_is_told(snapshot, asked) -> None:
    free = [replace(request, policy=replace(request.policy, affinity=(), anti_affinity=())) for request in asked]
    second = schedule(snapshot, asked, after(schedule(snapshot, free, {}), edited=True))
    kept = {(decision.placement, name) for decision in second.decisions for name in decision.kept}
    for line in broken_affinities(snapshot, asked, second):
        name, _, cluster, *_ = line.split()
        assert (name, cluster) in kept
