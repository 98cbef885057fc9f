"""Rules about the whole choice: what is picked again, what stays, and what is said of it."""

import pytest
from makers import (
    CORDONED,
    before,
    best,
    cluster,
    codes,
    counts,
    decide,
    divided,
    moves,
    node,
    plan,
    pod,
    request,
    spread,
)

from kubefleet.model.affinity import Affinity, PlacementSelector
from kubefleet.model.cluster import Cluster
from kubefleet.model.policy import Policy, PolicyType, SpreadGroup

pytestmark = pytest.mark.fast

TWO = (SpreadGroup("region", 2),)
FOUR = (SpreadGroup("region", 4),)


def fleet(**regions: str) -> list[Cluster]:
    return [cluster(name, labels={"region": region}) for name, region in regions.items()]


def everywhere(*groups: SpreadGroup) -> Policy:
    return Policy(PolicyType.PICK_ALL, spread_groups=groups)


def test_what_an_edited_rule_moves_is_told_with_the_rule() -> None:
    made = plan(
        fleet(a="eu", b="eu", c="us"),
        request(policy=best(2, spread_groups=TWO)),
        {"web": before(edited=True, a=1, b=1)},
    )
    assert counts(made.decisions[0]) == {"a": 1, "c": 1}
    assert moves(made) == [("b", "c", 1, "policy-edited")]
    assert made.moves[0].why == "spread groups"


def test_only_the_minimum_that_cannot_be_reached_is_told() -> None:
    groups = (SpreadGroup("region", 2), SpreadGroup("tier", 3))
    where = [cluster(name, labels={"region": name, "tier": "x"}) for name in "ab"]
    refused = decide(where, request(policy=best(2, spread_groups=groups))).refused["a"]
    assert [(str(reason.code), dict(reason.detail)) for reason in refused] == [
        ("not-enough-groups", {"key": "tier", "least": 3, "found": 1})
    ]


def test_minimums_that_are_not_to_be_had_at_once_are_all_told() -> None:
    groups = (SpreadGroup("region", 2), SpreadGroup("tier", 1, 1))
    where = [cluster(name, labels={"region": name, "tier": name}) for name in "ab"]
    refused = decide(where, request(policy=best(2, spread_groups=groups))).refused["a"]
    assert [dict(reason.detail) for reason in refused] == [{"key": "region", "least": 2, "found": 2}]


def test_who_is_needed_and_has_no_place_is_told_why_and_not_of_groups() -> None:
    needs = request("api", policy=best(1, affinity=(Affinity(PlacementSelector(("web",))),)))
    made = plan([cluster("a", state=CORDONED)], [needs, request("web", policy=best(1))])
    assert codes(made.decision("web").missing) == ["cordoned"]


def test_the_skew_is_told_that_one_more_would_leave_beside_those_that_were_picked_again() -> None:
    policy = best(3, topology_spread=spread(), spread_groups=(SpreadGroup("region", 1, 1),))
    decision = decide(fleet(a="eu", b="eu", c="us"), request(policy=policy))
    assert counts(decision) == {"a": 1}
    assert [(str(reason.code), dict(reason.detail)) for reason in decision.refused["b"]] == [
        ("topology-spread", {"key": "region", "domain": "eu", "count": 1, "least": 0, "max_skew": 1})
    ]


@pytest.mark.parametrize("edited", [False, True])
def test_a_rebalance_moves_nothing_where_the_groups_are_not_to_be_had(edited: bool) -> None:
    asked = divided(replicas=10, policy=everywhere(*FOUR), rebalance="1")
    made = plan(fleet(a="eu", b="us"), asked, {"web": before(edited=edited, a=9, b=1)})
    assert counts(made.decisions[0]) == {"a": 9, "b": 1}
    assert moves(made) == []


def test_a_region_in_which_one_replica_stands_needs_no_other() -> None:
    asked = divided(replicas=3, policy=everywhere(*TWO), weights={"a": 10})
    assert counts(decide(fleet(a="us", b="us", c="eu"), asked, before(a=1))) == {"a": 2, "c": 1}


def test_copies_that_stay_for_want_of_a_choice_wait_for_nothing() -> None:
    asked = request(policy=best(1, spread_groups=FOUR), rebalance="1")
    decision = decide(fleet(a="eu", b="us"), asked, before(a=1, b=1))
    assert counts(decision) == {"a": 1, "b": 1}
    assert decision.kept == {}


def test_what_is_picked_again_does_not_wait_beyond_its_maximum() -> None:
    # Two of a's four have to go, and c has room for one. b is given up for c, and keeps two for want of room.
    where = [*fleet(a="eu", b="eu"), cluster("c", node("1"), labels={"region": "us"})]
    asked = divided(replicas=6, policy=best(2, spread_groups=TWO), high={"a": 2}, size=pod(cpu="1"))
    decision = decide(where, asked, before(edited=True, a=4, b=2))
    assert (counts(decision), decision.unplaced) == ({"a": 2, "b": 2, "c": 1}, 1)


def test_a_cluster_in_which_replicas_stand_counts_once_for_a_minimum_of_clusters() -> None:
    asked = divided(replicas=3, policy=Policy(PolicyType.PICK_ALL, min_clusters=2), weights={"a": 10})
    assert counts(decide([cluster("a"), cluster("b")], asked, before(a=1))) == {"a": 2, "b": 1}
