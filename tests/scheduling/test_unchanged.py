"""A placement for which nothing changes gets, at little cost, what the long way would give it."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from makers import ALL, CORDONED, NO_EXECUTE, NOW, best, cluster, named, node, pod, request, spread

from kubefleet.model.cluster import Cluster
from kubefleet.model.decision import Decision, Previous
from kubefleet.model.policy import DivideBy, Divided
from kubefleet.model.request import Request
from kubefleet.model.snapshot import Snapshot
from kubefleet.scheduling import place, schedule

pytestmark = pytest.mark.fast


def _fleet(random: Random) -> list[Cluster]:
    return [
        cluster(
            f"c{number}",
            *(node(random.choice("248"), random.randint(1, 4)) for _ in range(random.randint(1, 3))),
            labels={"region": random.choice("ab")},
        )
        for number in range(6)
    ]


def _asked(random: Random) -> list[Request]:
    policies = (ALL, best(1), best(3), best(2, topology_spread=spread()), named("c1", "c2"))
    return [
        request(
            f"p{number:02}",
            random.randint(1, 6),
            random.choice(policies),
            size=pod(cpu=f"{random.randint(1, 30) * 100}m"),
            divided=Divided(random.choice(list(DivideBy))) if random.random() < 0.4 else None,
        )
        for number in range(12)
    ]


def _otherwise(clusters: list[Cluster], random: Random) -> list[Cluster]:
    """The fleet a day later: one cluster is cordoned, one tainted, one smaller, or none of it."""
    what = random.choice(({}, {"state": CORDONED}, {"taints": (NO_EXECUTE,)}, {"shapes": (node("1"),)}))
    fields: dict[str, Any] = dict(what)
    return [replace(clusters[0], **fields), *clusters[1:]]


@pytest.mark.parametrize("seed", range(60))
def test_the_short_way_gives_what_the_long_one_gives(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(seed)
    clusters, asked = _fleet(random), _asked(random)
    first = schedule(Snapshot(NOW, tuple(clusters)), asked, {})
    before = {
        decision.placement: Previous(tuple(decision.bindings), edited=random.random() < 0.1)
        for decision in first.decisions
    }
    later = Snapshot(NOW, tuple(_otherwise(clusters, random)))
    asked = [
        *(replace(one, rebalance=random.random() < 0.1) for one in asked if random.random() < 0.9),
        request("new", 3, best(2), size=pod(cpu="1")),
    ]
    short = schedule(later, asked, before)
    monkeypatch.setattr(place, "unchanged", lambda *_: None)
    assert short == schedule(later, asked, before)


def test_a_plan_that_changes_nothing_takes_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = Snapshot(NOW, tuple(_fleet(Random(1))))
    asked = [
        request("copies", 2, best(2), size=pod(cpu="100m")),
        request("everywhere", 1, ALL, size=pod(cpu="100m")),
        request("parts", 4, best(3), size=pod(cpu="100m"), divided=Divided(DivideBy.AVAILABLE)),
    ]
    before = {one.placement: Previous(tuple(one.bindings)) for one in schedule(snapshot, asked, {}).decisions}
    taken: list[Decision | None] = []
    short = place.unchanged

    def watched(*given: Any) -> Decision | None:
        taken.append(short(*given))
        return taken[-1]

    monkeypatch.setattr(place, "unchanged", watched)
    again = schedule(snapshot, asked, before)
    assert len(taken) == 3
    assert all(decision is not None for decision in taken)
    assert all(one.bindings is before[one.placement].bindings for one in again.decisions)
