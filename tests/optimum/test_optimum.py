"""How near what is placed comes to the true optimum, on fleets of which about as much is asked as they hold.

    pytest tests/optimum -s

Compared are pods that are placed anew, lexicographically by priority: of the highest one, then of the highest two, and
so on; a fleet's gap is the largest of these. Fleets are those of the first seeds of which the optimum is large enough.
The optimum knows all placements at once and packs nodes as tightly as they go.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice

import pytest
from crowded_fleets import Crowded, crowded_fleet
from exact import most_placed

from kubefleet.model.decision import Previous
from kubefleet.scheduling import schedule

FLEETS = 200
LEAST = 200
"""Replicas in the optimum of a fleet that counts."""


@dataclass(frozen=True)
class Compared:
    seed: int
    fleet: Crowded
    most: dict[int, int]
    """Pods of the optimum by priority, the highest first."""

    def placed(self) -> dict[int, int]:
        plan = schedule(self.fleet.snapshot, self.fleet.requests, self.fleet.previous)
        found = dict.fromkeys(self.most, 0)
        for request in self.fleet.requests:
            decision = plan.decision(request.name)
            assert decision is not None
            before = self.fleet.previous.get(request.name, Previous())
            found[request.priority] += sum(binding.total for binding in decision.bindings)
            found[request.priority] -= sum(binding.total for binding in before.bindings)
        return found

    def gap(self) -> float:
        worst, most, ours, placed = 0.0, 0, 0, self.placed()
        assert tuple(placed.values()) <= tuple(self.most.values()), f"more than the optimum of seed {self.seed}"
        for priority, optimum in self.most.items():
            most, ours = most + optimum, ours + placed[priority]
            worst = max(worst, (most - ours) / most if most else 0.0)
        return worst


def compared() -> Iterator[Compared]:
    for seed in count():
        fleet = crowded_fleet(seed)
        most = most_placed(fleet)
        if sum(most.values()) >= LEAST:
            yield Compared(seed, fleet, most)


@pytest.fixture(scope="module")
def gaps() -> list[tuple[float, int]]:
    """Gap and seed of every fleet, the smallest first."""
    found = sorted((each.gap(), each.seed) for each in islice(compared(), FLEETS))
    exact = sum(gap == 0 for gap, _ in found)
    mean, (worst, seed) = sum(gap for gap, _ in found) / len(found), found[-1]
    figures = f"{len(found)} fleets: mean gap {mean:.2%}, worst {worst:.2%} (seed {seed}), none in {exact}"
    print(figures)  # noqa: T201 - what it is run for
    return found


@pytest.mark.optimum
@pytest.mark.timeout(1800)
def test_on_average_what_is_placed_is_within_two_percent_of_the_optimum(gaps: list[tuple[float, int]]) -> None:
    assert sum(gap for gap, _ in gaps) / len(gaps) <= 0.02, gaps[-10:]


@pytest.mark.optimum
@pytest.mark.timeout(1800)
def test_at_worst_it_is_within_ten_percent(gaps: list[tuple[float, int]]) -> None:
    assert gaps[-1][0] <= 0.10, gaps[-10:]


@pytest.mark.fast
def test_the_fleets_have_all_that_makes_it_hard() -> None:
    fleets = [crowded_fleet(seed) for seed in range(40)]
    asked = [request for fleet in fleets for request in fleet.requests]
    assert {str(request.divided.by) for request in asked if request.divided} == {"weight", "available", "aggregated"}
    assert any(request.policy.number > 1 for request in asked if request.divided is None)
    assert any("nvidia.com/gpu" in request.workloads[0].pod.requests for request in asked)
    assert any(cluster.taints for fleet in fleets for cluster in fleet.snapshot.clusters)
    assert any(request.policy.required for request in asked)
    assert any(request.policy.topology_spread for request in asked)
    assert any(work.pod.node_selector for request in asked for work in request.workloads)
    assert any(request.divided.min for request in asked if request.divided)
    assert any(request.divided.max for request in asked if request.divided)
    assert any(len(request.workloads) > 1 for request in asked)
    assert any(before.bindings for fleet in fleets for before in fleet.previous.values())
    assert {request.priority for request in asked} == {0, 1, 2}
