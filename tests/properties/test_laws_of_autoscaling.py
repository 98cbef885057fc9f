"""What holds for autoscaled workloads on every small fleet."""

from dataclasses import replace
from typing import Any

import pytest
from dice import Dice, rolled
from hypothesis import given
from hypothesis import strategies as st
from small_fleets import fleets

from kubefleet.model.autoscaled import Bounds
from kubefleet.model.decision import Previous
from kubefleet.model.policy import DivideBy, Divided, Policy, PolicyType
from kubefleet.model.request import Request, Workload
from kubefleet.model.snapshot import Snapshot
from kubefleet.scheduling import schedule
from kubefleet.scheduling.autoscaled import autoscaled_parts, bounds_by_cluster

pytestmark = pytest.mark.fast


def request(dice: Dice) -> Request:
    least = dice.number(0, 9)
    bounds = Bounds(least, dice.number(max(1, least), 40))
    work = Workload("w", "default", bounds.seats, divisible=True, autoscaled=bounds)
    policy = Policy(PolicyType.PICK_N, number=dice.number(1, 4))
    return Request("web", "uid-web", policy, (work,), Divided(dice.one(tuple(DivideBy))))


def autoscaled() -> st.SearchStrategy[Request]:
    return rolled(4, request)


@given(st.integers(0, 30), st.integers(1, 60), st.lists(st.integers(0, 9), min_size=1, max_size=6))
def test_parts_sum_up_to_the_whole_and_are_bounds_themselves(least: int, more: int, seats: list[int]) -> None:
    given_ = {f"c{place}": count for place, count in enumerate(seats)}
    total = sum(seats)
    parts = bounds_by_cluster(Bounds(min(least, total), total + more), given_)
    assert set(parts) == {name for name, count in given_.items() if count}
    assert all(0 <= part.least <= part.most and part.most >= 1 for part in parts.values())
    assert sum(part.most for part in parts.values()) == (total + more if total else 0)


@given(fleets(), autoscaled())
def test_the_minimum_is_placed_or_explained_and_the_maximum_is_never_exceeded(
    snapshot: Snapshot, request_: Request
) -> None:
    (decision,) = schedule(snapshot, [request_], {}).decisions
    whole = request_.workloads[0].autoscaled
    assert whole is not None
    parts = autoscaled_parts(request_, decision)["w"]
    seats = sum(binding.total for binding in decision.bindings)
    assert seats + decision.unplaced >= whole.seats
    assert seats <= whole.most
    if parts:
        assert sum(part.most for part in parts.values()) == whole.most
        assert all(part.least == (binding.total if whole.least else 0) for part, binding in _pairs(parts, decision))


@given(fleets(), autoscaled(), st.integers(0, 3))
def test_planning_the_planned_plan_changes_nothing_and_a_cluster_that_joins_takes_nothing(
    snapshot: Snapshot, request_: Request, which: int
) -> None:
    absent = snapshot.clusters[which % len(snapshot.clusters)].name
    fewer = replace(snapshot, clusters=tuple(cluster for cluster in snapshot.clusters if cluster.name != absent))
    (before,) = schedule(fewer, [request_], {}).decisions
    (after,) = schedule(fewer, [request_], {"web": Previous(before.bindings)}).decisions
    assert after.bindings == before.bindings
    (joined,) = schedule(snapshot, [request_], {"web": Previous(before.bindings)}).decisions
    for binding in before.bindings:
        kept = joined.binding(binding.cluster)
        assert kept is not None
        assert kept.total >= binding.total


def _pairs(parts: dict[str, Bounds], decision: Any) -> list[tuple[Bounds, Any]]:
    return [(parts[binding.cluster], binding) for binding in decision.bindings]
