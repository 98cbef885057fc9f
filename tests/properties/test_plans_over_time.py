"""What holds from one plan to the next."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from affinity_checker import too_near
from dice import Dice
from hypothesis import given
from hypothesis import strategies as st
from immutabledict import immutabledict
from keep_checker import judge_next, moved
from room_checker import can_hold
from small_affinities import tied
from small_fleets import NAMES, clusters, fleets, requests, several

from kubefleet.model.cluster import Cluster, ClusterState
from kubefleet.model.decision import Binding, Decision, Plan, Previous
from kubefleet.model.policy import DivideBy, Fit, PolicyType
from kubefleet.model.request import Request
from kubefleet.model.snapshot import Snapshot
from kubefleet.model.taint import Effect, Taint
from kubefleet.scheduling import schedule

pytestmark = pytest.mark.fast

ROLLED = st.binary(min_size=60, max_size=60)
BY_NAME = (PolicyType.PICK_N, PolicyType.PICK_ALL)
GONE = Taint("maintenance", "", Effect.NO_EXECUTE)


def after(plan: Plan, *, edited: bool = False) -> dict[str, Previous]:
    return {decision.placement: Previous(decision.bindings, edited) for decision in plan.decisions}


def counts(decision: Decision) -> dict[str, dict[str, int]]:
    return {binding.cluster: dict(binding.replicas) for binding in decision.bindings}


def past(dice: Dice, request: Request, snapshot: Snapshot) -> Previous:
    """Any earlier decision of as many clusters and replicas as are asked for, or fewer."""
    names = [cluster.name for cluster in snapshot.clusters]
    if request.policy.type is PolicyType.PICK_FIXED:
        names = [name for name in names if name in request.policy.names]
    most = request.policy.number if request.policy.type is PolicyType.PICK_N else len(names)
    left = {work.key: work.replicas for work in request.workloads}
    bindings = []
    for name in dice.part(5).some(names)[:most]:
        replicas = {}
        for work in request.workloads:
            parted = request.divided is not None and work.divisible
            most = min(left[work.key], request.divided.max.get(name, 9) if request.divided else 9)
            replicas[work.key] = dice.number(0, most) if parted else work.replicas
            left[work.key] -= replicas[work.key] if parted else 0
        parts = [work for work in request.workloads if request.divided is not None and work.divisible]
        if not any(work.replicas for work in parts) or any(replicas[work.key] for work in parts):
            bindings.append(Binding(name, immutabledict(sorted(replicas.items()))))
    return Previous(tuple(bindings))


def pasts(dice: Dice, asked: Iterable[Request], snapshot: Snapshot) -> dict[str, Previous]:
    return {request.name: past(dice.part(20), request, snapshot) for request in asked}


@given(fleets(), several(), st.booleans())
def test_planning_the_planned_plan_changes_nothing(
    snapshot: Snapshot, asked: tuple[Request, ...], edited: bool
) -> None:
    first = schedule(snapshot, asked, {})
    again = schedule(snapshot, asked, after(first, edited=edited))
    assert again.moves == ()
    for one, two in zip(first.decisions, again.decisions, strict=True):
        assert two.bindings == one.bindings
        assert two.unplaced == one.unplaced
        assert (two.kept, two.left) == ({}, {})


@given(fleets(), several(), ROLLED)
def test_nothing_moves_without_a_declared_reason(snapshot, asked, bytes_) -> None:
    previous = pasts(Dice(bytes_), asked, snapshot)
    plan = schedule(snapshot, asked, previous)
    for request in asked:
        decision = plan.decision(request.name)
        assert decision is not None
        assert moved(request, previous[request.name], decision, snapshot) == []


@given(fleets(), several(), ROLLED)
def test_what_was_placed_stays_placed_and_moves_add_up(snapshot, asked, bytes_) -> None:
    previous = pasts(Dice(bytes_), asked, snapshot)
    plan = schedule(snapshot, asked, previous)
    for decision in plan.decisions:
        request = next(r for r in asked if r.name == decision.placement)
        before = {b.cluster: request.amount(b.replicas) for b in previous[request.name].bindings}
        now = {b.cluster: request.amount(b.replicas) for b in decision.bindings}
        if request.divides:
            assert sum(now.values()) >= sum(before.values())
        elif request.policy.type is PolicyType.PICK_N:
            assert len(now) >= len(before)
        for name in NAMES:
            gone = sum(m.replicas for m in plan.moves if (m.placement, m.source) == (request.name, name))
            came = sum(m.replicas for m in plan.moves if (m.placement, m.destination) == (request.name, name))
            change = now.get(name, 0) - before.get(name, 0)
            assert -change == gone if change < 0 and not request.divides else -change >= gone or not gone
            assert change >= came or not came
            if change < 0:
                assert name in decision.left


@given(fleets(most=4), requests(types=BY_NAME, divided=True, workloads=1, spread=False), st.integers(0, 4))
def test_moves_fit_while_source_and_destination_are_both_occupied(snapshot, request_, which) -> None:
    request_ = replace(request_, policy=replace(request_.policy, fit=Fit.FILTER))
    work = request_.workloads[0]
    first = schedule(snapshot, [request_], {}).decisions[0]
    if not first.bindings:
        return
    source = first.bindings[which % len(first.bindings)].cluster
    tainted = replace(
        snapshot,
        clusters=tuple(
            replace(cluster, taints=(GONE,)) if cluster.name == source else cluster for cluster in snapshot.clusters
        ),
    )
    request_ = replace(request_, policy=replace(request_.policy, tolerations=()))
    second = schedule(tainted, [request_], {"web": Previous(first.bindings)}).decisions[0]
    for cluster in tainted.clusters:
        held = [b.replicas[work.key] for d in (first, second) if (b := d.binding(cluster.name)) is not None]
        assert can_hold(cluster, [(work.pod, max(held, default=0))])
    assert sum(b.replicas[work.key] for b in second.bindings) >= sum(b.replicas[work.key] for b in first.bindings)


@given(fleets(), tied(), st.integers(0, 4))
def test_at_any_interleaving_of_moves_all_fits_and_keeps_apart(snapshot, asked, which) -> None:
    """Wherever anything goes there is room, and nobody from whom it must be apart, before anything has gone."""
    first = schedule(snapshot, asked, {})
    tainted = snapshot.clusters[which % len(snapshot.clusters)]
    others = (replace(c, taints=(*c.taints, GONE)) if c is tainted else c for c in snapshot.clusters)
    later = replace(snapshot, clusters=tuple(others))
    second = schedule(later, asked, after(first))
    assert judge_next(later, asked, after(first), first, second) == []
    assert too_near(later, asked, first, second) == []


@given(fleets(most=4), several(), clusters("z"))
def test_a_cluster_that_joins_unplaces_nothing(snapshot: Snapshot, asked: tuple[Request, ...], new: Cluster) -> None:
    first = schedule(snapshot, asked, {})
    joined = replace(snapshot, clusters=(*snapshot.clusters, new))
    second = schedule(joined, asked, after(first))
    for one, two in zip(first.decisions, second.decisions, strict=True):
        assert two.unplaced <= one.unplaced
        for name, replicas in counts(one).items():
            for key, count in replicas.items():
                assert counts(two)[name][key] >= count


@given(fleets(), several(), requests("new"))
def test_new_demand_of_any_priority_displaces_nothing(snapshot, asked, new) -> None:
    first = schedule(snapshot, asked, {})
    second = schedule(snapshot, [*asked, replace(new, priority=1000)], after(first))
    for one in first.decisions:
        two = second.decision(one.placement)
        assert two is not None
        for name, replicas in counts(one).items():
            for key, count in replicas.items():
                assert counts(two)[name][key] >= count


@given(fleets(healthy=True), requests(divided=True, types=(PolicyType.PICK_ALL,), workloads=1, spread=False))
def test_single_steps_end_where_one_big_step_ends(snapshot, request_) -> None:
    """Up by weight; and back down again to where it began."""
    divided, work = request_.divided, request_.workloads[0]
    request_ = replace(
        request_,
        divided=replace(divided, by=DivideBy.WEIGHT, min=immutabledict()),
        policy=replace(request_.policy, fit=Fit.IGNORE),
    )

    def sized(total: int) -> Request:
        return replace(request_, workloads=(replace(work, replicas=total),))

    plans = {total: schedule(snapshot, [sized(total)], {}) for total in range(1, 10)}
    plan = plans[1]
    for total in (*range(2, 10), *range(8, 0, -1)):
        plan = schedule(snapshot, [sized(total)], after(plan))
        assert plan.decisions[0].bindings == plans[total].decisions[0].bindings


@given(fleets(), several(), st.integers(0, 4))
def test_an_unreachable_cluster_keeps_what_it_has_and_gets_nothing(snapshot, asked, which) -> None:
    first = schedule(snapshot, asked, {})
    lost = snapshot.clusters[which % len(snapshot.clusters)]
    silent = replace(lost, state=ClusterState.UNREACHABLE, shapes=(), properties=immutabledict(), namespaces=None)
    second = schedule(
        replace(snapshot, clusters=tuple(silent if c is lost else c for c in snapshot.clusters)), asked, after(first)
    )
    for one, two in zip(first.decisions, second.decisions, strict=True):
        assert two.binding(lost.name) == one.binding(lost.name)
    assert second.moves == ()
