"""A placement for which nothing changes gets, at little cost, what the long way would give it."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from immutabledict import immutabledict
from makers import ALL, CORDONED, NO_EXECUTE, NOW, best, cluster, named, node, pod, request, spread

from kubefleet.model.affinity import Affinity, PlacementSelector
from kubefleet.model.cluster import Cluster
from kubefleet.model.decision import Decision, Previous
from kubefleet.model.policy import DivideBy, Divided, Policy, PolicyType
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


NEW = Affinity(PlacementSelector(("new",)))


def _of_team(team: str) -> Affinity:
    return Affinity(PlacementSelector(labels=(("team", team),)), "region")


def _asked(random: Random, *, affinities: bool) -> list[Request]:
    beside, apart, rather = _of_team("a"), _of_team("b"), replace(_of_team("b"), weight=50)
    plain = (ALL, best(1), best(3), best(2, topology_spread=spread()), named("c1", "c2"))
    minding = (best(2, affinity=(beside,)), best(2, anti_affinity=(apart,)), best(2, anti_affinity=(rather,)))
    spreading = Policy(PolicyType.PICK_ALL, topology_spread=spread())
    policies = (*plain, spreading, *(minding if affinities else ()))
    return [
        request(
            f"p{number:02}",
            random.randint(1, 6),
            random.choice(policies),
            size=pod(cpu=f"{random.randint(1, 30) * 100}m"),
            divided=Divided(random.choice(list(DivideBy))) if random.random() < 0.4 else None,
            labels=immutabledict({"team": random.choice("abc")}),
        )
        for number in range(12)
    ]


def _otherwise(clusters: list[Cluster], random: Random) -> list[Cluster]:
    """The fleet a day later, or before: one cluster is cordoned, one tainted, one smaller, or none of it."""
    what = random.choice(({}, {"state": CORDONED}, {"taints": (NO_EXECUTE,)}, {"shapes": (node("1"),)}))
    fields: dict[str, Any] = dict(what)
    return [replace(clusters[0], **fields), *clusters[1:]]


@pytest.mark.parametrize("affinities", [False, True], ids=["alone", "with affinities"])
@pytest.mark.parametrize("seed", range(60))
def test_the_short_way_gives_what_the_long_one_gives(
    seed: int, affinities: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = Random(seed)
    clusters, asked = _fleet(random), _asked(random, affinities=affinities)
    fleets = [clusters, _otherwise(clusters, random)]
    random.shuffle(fleets)
    first, later = (Snapshot(NOW, tuple(fleet)) for fleet in fleets)
    decided = schedule(first, asked, {})
    before = {
        decision.placement: Previous(tuple(decision.bindings), edited=random.random() < 0.1)
        for decision in decided.decisions
    }
    asked = [
        *(replace(one, rebalance=random.random() < 0.1) for one in asked if random.random() < 0.9),
        request("new", 3, best(1), size=pod(cpu="1"), priority=-1),
        request("new-beside", 1, best(1, affinity=(NEW, _of_team("a"))), size=pod(cpu="1"), priority=-1),
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
        request("alone", 1, best(1, anti_affinity=(Affinity(PlacementSelector(("copies",))),)), size=pod(cpu="100m")),
        request("evenly", 1, Policy(PolicyType.PICK_ALL, topology_spread=spread()), size=pod(cpu="100m")),
    ]
    before = {one.placement: Previous(tuple(one.bindings)) for one in schedule(snapshot, asked, {}).decisions}
    taken: list[Decision | None] = []
    short = place.unchanged

    def watched(*given: Any) -> Decision | None:
        taken.append(short(*given))
        return taken[-1]

    monkeypatch.setattr(place, "unchanged", watched)
    again = schedule(snapshot, asked, before)
    assert len(taken) == len(asked)
    assert all(decision is not None for decision in taken)
    assert all(one.bindings is before[one.placement].bindings for one in again.decisions)
