"""Groups of clusters: counts, minimums, maximums, and what may take whose place."""

import itertools
import random

import numpy as np
import pytest
from makers import NOW, cluster

from kubefleet.model.policy import Policy, PolicyType, SpreadGroup
from kubefleet.model.property import Property
from kubefleet.model.snapshot import Snapshot
from kubefleet.scheduling.columns import Columns
from kubefleet.scheduling.groups import Groups, Lack, Rules, cover, group_of, grouped, groups_of, rules_of

pytestmark = pytest.mark.fast


def columns(**where: str) -> Columns:
    """Clusters by name, each with `REGION/TIER`; either may be missing."""
    labels = {
        name: {key: value for key, value in zip(("region", "tier"), place.split("/"), strict=False) if value}
        for name, place in where.items()
    }
    return Columns(Snapshot(NOW, tuple(cluster(name, labels=labels[name]) for name in sorted(where))))


FIVE = columns(a="eu/x", b="eu/y", c="us/x", d="asia/y", e="/x")


def groups(made: Columns, *rules: SpreadGroup, chosen: str = "") -> Groups:
    return Groups(made, grouped(rules, 0), [made.index[name] for name in chosen])


def text(value: str | set[str]) -> Property:
    return Property(value if isinstance(value, str) else frozenset(value), str(value), "user")


def region(least: int = 1, most: int | None = None) -> SpreadGroup:
    return SpreadGroup("region", least, most)


def test_rules_about_clusters_are_told_from_those_about_groups() -> None:
    rules = grouped([region(2), SpreadGroup("cluster", 2, 5), SpreadGroup("cluster", 3, 4)], least=1)
    assert rules == Rules((region(2),), 3, 4)
    assert grouped([], least=7) == Rules((), 7, None)


def test_rules_of_a_policy() -> None:
    made = columns(a="eu")
    assert rules_of(made, Policy(PolicyType.PICK_ALL)) is None
    assert rules_of(made, Policy(PolicyType.PICK_ALL, spread_groups=(region(2),))) == Rules((region(2),), 0, None)
    assert rules_of(made, Policy(PolicyType.PICK_ALL, min_clusters=2)) == Rules((), 2, None)
    fixed = Policy(PolicyType.PICK_FIXED, names=("a",), spread_groups=(region(2),), min_clusters=1)
    assert rules_of(made, fixed) == Rules((), 1, None)


def test_a_group_is_the_label_or_the_property_that_stands_for_it() -> None:
    told = {"region": text("us"), "zones": text({"1"}), "tier": text("x")}
    plain = cluster("a", properties=told)
    assert [group_of(plain, key) for key in ("region", "zone", "tier", "provider")] == ["us", "1", None, None]
    assert group_of(cluster("a", labels={"region": "eu"}, properties=told), "region") == "eu"
    several = cluster("a", properties={"zones": text({"1", "2"})})
    assert group_of(several, "zone") is None
    assert group_of(cluster("a", properties={"zone": text("3"), **told}), "zone") == "3"
    assert group_of(cluster("a", properties={"provider": text("gce")}), "provider") == "gce"


def test_groups_are_numbered_by_name() -> None:
    codes, values = groups_of(FIVE, "region")
    assert (codes.tolist(), values) == ([1, 1, 2, 0, -1], ("asia", "eu", "us"))
    codes, values = groups_of(FIVE, "tier")
    assert (codes.tolist(), values) == ([0, 1, 0, 1, 0], ("x", "y"))


def test_what_is_lacking_is_told_with_figures() -> None:
    found = groups(FIVE, region(2), SpreadGroup("tier", 2), SpreadGroup("cluster", 3), chosen="ae")
    assert found.lacks() == (Lack("region", 2, 1), Lack("tier", 2, 1), Lack("cluster", 3, 2))
    assert not found.hold()
    found.add(FIVE.index["d"])
    assert (found.lacks(), found.hold()) == ((), True)
    found.add(FIVE.index["d"], -1)
    assert found.lacking() == [0, 1]
    assert found.size == 2


def test_what_is_too_much_is_told() -> None:
    found = groups(FIVE, region(1, 2), SpreadGroup("tier", 1, 2), SpreadGroup("cluster", 1, 3), chosen="abc")
    assert (found.excesses(), found.hold()) == ([], True)
    found.add(FIVE.index["d"])
    assert found.excesses() == [region(1, 2), SpreadGroup("cluster", max_groups=3)]
    assert not found.hold()
    assert groups(FIVE, SpreadGroup("cluster", 1, 3), chosen="abcd").excesses() == [
        SpreadGroup("cluster", max_groups=3)
    ]


def test_where_one_more_brings_no_rule_above_its_maximum() -> None:
    found = groups(FIVE, region(1, 2), SpreadGroup("tier", 1, 1), chosen="ac")
    assert [found.allows(cluster) for cluster in range(5)] == [True, False, True, False, False]
    assert [found.fills(0, cluster) for cluster in range(5)] == [True, True, True, False, False]
    assert [found.fills(1, cluster) for cluster in range(5)] == [True, False, True, False, True]
    assert groups(FIVE, region(2), chosen="ac").allows(3)


def test_the_fewest_that_cover_the_minimums_are_taken_in_order() -> None:
    found = groups(FIVE, region(2))
    assert cover(found, [4, 0, 1, 2, 3]) == [4, 0, 2]
    assert found.size == 3
    assert cover(groups(FIVE, region(2), SpreadGroup("cluster", 4)), [0, 1, 2, 3, 4]) == [0, 1, 2, 3]
    assert cover(groups(FIVE, region(1), chosen="a"), [1, 2, 3]) == []


@pytest.mark.parametrize("seed", range(60))
def test_what_may_take_anothers_place_keeps_all_rules_as_they_are(seed: int) -> None:
    draw = random.Random(seed)
    names = "abcdef"[: draw.randint(2, 6)]
    made = columns(**{name: f"{draw.choice(['eu', 'us', 'asia'])}/{draw.choice(['x', 'y'])}" for name in names})
    rules = [region(draw.randint(1, 3), draw.choice([None, 3])), SpreadGroup("tier", 1, draw.choice([None, 1, 2]))]
    chosen = draw.sample(names, draw.randint(1, len(names) - 1))
    found = groups(made, *rules, chosen="".join(chosen))
    if not found.hold():
        return
    for old in chosen:
        fine = found.exchanges(made.index[old], np.ones(len(names), dtype=np.bool_))
        for new in set(names) - set(chosen):
            exchanged = [new if name == old else name for name in chosen]
            assert fine[made.index[new]] == groups(made, *rules, chosen="".join(exchanged)).hold(), (chosen, old, new)
    # Nothing was changed by asking.
    assert found.hold()


def test_a_minimum_that_is_not_reached_is_not_made_worse() -> None:
    made = columns(a="eu", b="eu", c="us", d="asia")
    found = groups(made, region(4), chosen="ac")
    fine = found.exchanges(made.index["c"], np.ones(4, dtype=np.bool_))
    assert [name for name, may in zip(made.names, fine, strict=True) if may] == ["c", "d"]
    assert not found.exchanges(made.index["c"], np.zeros(4, dtype=np.bool_)).any()


def test_all_choices_of_all_sizes_are_judged_as_counted_by_hand() -> None:
    rules = (region(2, 2), SpreadGroup("tier", 1, 1), SpreadGroup("cluster", 2, 3))
    choices = ["".join(chosen) for size in range(6) for chosen in itertools.combinations(FIVE.names, size)]
    good = [chosen for chosen in choices if groups(FIVE, *rules, chosen=chosen).hold()]
    # Two regions and one tier: a and c are of x, b and d of y; e has no region.
    assert good == ["ac", "bd", "ace"]
