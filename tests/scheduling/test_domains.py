"""Topology domains against their rule, said anew: one more may not bring count + 1 − the least above the limit."""

import random

import numpy as np
import pytest
from makers import NOW, cluster

from kubefleet.model.policy import TopologySpread
from kubefleet.model.snapshot import Snapshot
from kubefleet.scheduling.columns import Columns
from kubefleet.scheduling.domains import Domains

pytestmark = pytest.mark.fast

REGION, ZONE = TopologySpread("region", 1), TopologySpread("zone", 2)


def columns(**where: str) -> Columns:
    """Clusters by name, each with `REGION/ZONE`; either may be missing."""
    labels = {
        name: {key: value for key, value in zip(("region", "zone"), place.split("/"), strict=False) if value}
        for name, place in where.items()
    }
    return Columns(Snapshot(NOW, tuple(cluster(name, labels=labels[name]) for name in sorted(where))))


def domains(made: Columns, *spreads: TopologySpread, refused: str = "", standing: str = "") -> Domains:
    """`standing` names a cluster for each copy."""
    eligible = np.array([name not in refused for name in made.names])
    found = Domains(made, spreads, eligible)
    for name in standing:
        found.add(made.index[name])
    return found


def allowed(made: Columns, found: Domains) -> str:
    each = "".join(name for name in made.names if found.allows(made.index[name]))
    assert each == "".join(np.array(made.names)[found.allowed()])
    return each


FOUR = columns(a="eu", b="eu", c="us", d="")


@pytest.mark.parametrize(
    ("spread", "refused", "standing", "passed"),
    [
        (REGION, "", "", "abc"),
        (REGION, "", "a", "c"),
        (REGION, "", "ac", "abc"),
        (TopologySpread("region", 2), "", "ab", "c"),
        (TopologySpread("region", 2), "", "a", "abc"),
        # A domain without an eligible cluster sets no least.
        (REGION, "c", "ab", "abc"),
        (REGION, "abc", "ab", "c"),
        # Fewer than wanted: the least is 0.
        (TopologySpread("region", 1, min_domains=3), "", "ac", ""),
        (TopologySpread("region", 1, min_domains=2), "", "ac", "abc"),
        (TopologySpread("region", 1, min_domains=2), "c", "a", "c"),
        # A preference forbids nothing.
        (TopologySpread("region", 1, hard=False), "", "aab", "abcd"),
        # A copy where there is no label counts nowhere.
        (REGION, "", "dd", "abc"),
    ],
)
def test_where_one_more_may_go(spread: TopologySpread, refused: str, standing: str, passed: str) -> None:
    assert allowed(FOUR, domains(FOUR, spread, refused=refused, standing=standing)) == passed


def test_every_key_has_to_allow_it() -> None:
    made = columns(a="eu/1", b="eu/2", c="us/1", d="us/2")
    assert allowed(made, domains(made, REGION, TopologySpread("zone", 1), standing="a")) == "d"
    assert allowed(made, domains(made, REGION, TopologySpread("zone", 1, hard=False), standing="a")) == "cd"


def test_the_skew_of_one_more_is_told_for_each_cluster() -> None:
    found = domains(FOUR, REGION, standing="aab")
    assert found.skew(0).tolist() == [4, 4, 1, 1_000_000_000]
    assert [found.skew_at(0, cluster) for cluster in range(4)] == [4, 4, 1, 1_000_000_000]
    found.add(2, 5)
    assert [found.skew_at(0, cluster) for cluster in range(3)] == [1, 1, 3]
    found.add(2, -4)
    assert found.skew(0).tolist()[:3] == [3, 3, 1]
    found.add_all([0, 2, 3])
    assert found.skew(0).tolist()[:3] == [3, 3, 1]


def test_the_figures_of_a_reason() -> None:
    found = domains(FOUR, REGION, standing="aac")
    assert found.describe(0, 0) == {"key": "region", "domain": "eu", "count": 2, "least": 1, "max_skew": 1}
    assert found.describe(0, 3) == {"key": "region", "max_skew": 1}


@pytest.mark.parametrize(
    ("spreads", "one"),
    [
        ([REGION], True),
        ([TopologySpread("region", 1, hard=False)], False),
        ([REGION, ZONE], False),
        ([], False),
    ],
)
def test_whether_one_rule_binds(spreads: list[TopologySpread], one: bool) -> None:
    assert domains(FOUR, *spreads).one_rule is one


@pytest.mark.parametrize("seed", range(60))
def test_filling_at_once_ends_as_copy_by_copy(seed: int) -> None:
    draw = random.Random(seed)
    names = "abcdefghij"[: draw.randint(1, 10)]
    made = columns(**{name: draw.choice(["eu", "us", "asia"]) for name in names})
    spread = TopologySpread("region", draw.randint(1, 3), min_domains=draw.choice([None, None, 2, 3, 4]))
    refused = "".join(name for name in names if draw.random() < 0.2)
    places = [place for place, name in enumerate(made.names) if name not in refused]
    offered = np.array(places, dtype=np.int64)
    scores = draw.sample(range(len(names)), len(names))
    ranked = sorted(places, key=lambda place: (scores[place], place))

    step = domains(made, spread, refused=refused)
    left, taken = list(ranked), []
    while (found := next((place for place in left if step.allows(place)), None)) is not None:
        step.add(found)
        taken.append(found)
        left.remove(found)

    filled = domains(made, spread, refused=refused)
    picked = filled.fill(offered, lambda some: np.array([place for place in ranked if place in some], dtype=np.int64))
    assert sorted(picked.tolist()) == sorted(taken)
    assert filled.skew(0).tolist() == step.skew(0).tolist()


def test_where_no_domain_has_room_none_are_filled() -> None:
    found = domains(FOUR, REGION, standing="aab")
    assert found.fill(np.array([0, 1]), lambda some: some).tolist() == []
    assert found.skew(0).tolist()[:3] == [4, 4, 1]


def test_a_domain_that_stands_out_is_crowded_by_what_is_too_much() -> None:
    found = domains(FOUR, REGION, standing="aabbb")
    assert [found.crowded(cluster) for cluster in range(4)] == [True, True, False, False]
    assert (found.excess(0), found.excess(1)) == (4, 4)
    found.add(2, 4)
    # 5 and 4: one above the least is allowed.
    assert [found.crowded(cluster) for cluster in range(4)] == [False, False, False, False]
    assert not domains(FOUR, TopologySpread("region", 1, hard=False), standing="aabbb").crowded(0)


def test_of_several_keys_the_greatest_excess_counts() -> None:
    made = columns(a="eu/1", b="eu/2", c="us/3", d="us/4")
    found = domains(made, REGION, ZONE, standing="aaaabbb")
    assert (found.excess(0), found.excess(1)) == (6, 6)
    assert domains(made, ZONE, TopologySpread("region", 9), standing="aaaabbb").excess(0) == 2
    # Neither a preference nor a label that it lacks makes a cluster's excess greater.
    assert domains(made, TopologySpread("region", 1, hard=False), ZONE, standing="aaaabbb").excess(0) == 2
    assert domains(columns(a="/1", b="/2"), REGION, ZONE, standing="aaaa").excess(0) == 2


@pytest.mark.parametrize(
    ("standing", "released"),
    [
        # 2 and 2: one fewer leaves 1 and 2.
        ("abcc", "abcd"),
        # 2 and 1: one fewer in us would leave 2 and 0.
        ("abc", "abd"),
        # 3 and 1 is too much already; none may make it worse.
        ("aabc", "abd"),
        # 1 and 0.
        ("a", "abd"),
        # 1 and 2: none may go from eu.
        ("acc", "cd"),
    ],
)
def test_where_one_fewer_may_go(standing: str, released: str) -> None:
    found = domains(FOUR, REGION, standing=standing)
    assert "".join(name for name in FOUR.names if found.releases(FOUR.index[name])) == released


def test_a_preference_holds_nothing_back() -> None:
    assert domains(FOUR, TopologySpread("region", 1, hard=False), standing="abc").releases(2)
    # Nor does a rule of which no domain is left.
    assert domains(FOUR, REGION, refused="abc", standing="aabc").releases(2)
