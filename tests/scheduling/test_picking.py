"""Which clusters a placement is on, and why not the others."""

from dataclasses import replace

import pytest
from makers import (
    ALL,
    CORDONED,
    NO_EXECUTE,
    NO_SCHEDULE,
    UNREACHABLE,
    before,
    best,
    cluster,
    codes,
    counts,
    decide,
    divided,
    named,
    node,
    pod,
    request,
    spread,
)

from kubefleet.model.decision import Previous
from kubefleet.model.policy import Prefer, Term
from kubefleet.model.selector import Expr, Operator

pytestmark = pytest.mark.fast

FAVOUR_C = (Prefer(50, Term(labels=(Expr("tier", Operator.IN, ("prod",)),))),)


def regions(**where: str) -> list:
    return [cluster(name, labels={"region": region}) for name, region in where.items()]


def test_equal_scores_go_by_name() -> None:
    decision = decide([cluster(name) for name in "cab"], request(policy=best(2)))
    assert counts(decision) == {"a": 1, "b": 1}
    assert codes(decision.refused["c"]) == ["outscored"]


def test_of_many_clusters_the_best_are_picked_as_if_all_were_sorted() -> None:
    fleet = [cluster(f"c{number:02}", labels={"tier": ("test", "prod")[number % 9 == 4]}) for number in range(40)]
    picked = {
        number: list(counts(decide(fleet, request(policy=best(number, preferred=FAVOUR_C))))) for number in range(1, 8)
    }
    ranked = ["c04", "c13", "c22", "c31", "c00", "c01", "c02"]
    assert picked == {number: sorted(ranked[:number]) for number in range(1, 8)}


def test_a_preference_wins_and_what_loses_is_told_by_how_much() -> None:
    fleet = [cluster("a"), cluster("b"), cluster("c", labels={"tier": "prod"})]
    decision = decide(fleet, request(policy=best(1, preferred=FAVOUR_C)))
    assert counts(decision) == {"c": 1}
    assert [dict(reason.detail) for reason in decision.refused["a"]] == [{"chosen": 500, "score": 0}]


def test_more_than_the_fleet_has_is_placed_as_far_as_it_goes() -> None:
    decision = decide([cluster("a"), cluster("b", state=CORDONED)], request(policy=best(3)))
    assert (counts(decision), decision.unplaced) == ({"a": 1}, 2)
    assert codes(decision.missing) == ["cordoned", "limit-reached"]


def test_none_is_asked_for() -> None:
    decision = decide([cluster("a")], request(policy=best(0)))
    assert (counts(decision), decision.unplaced, codes(decision.refused["a"])) == ({}, 0, ["limit-reached"])


def test_do_not_schedule_holds_pick_by_pick() -> None:
    fleet = regions(a="eu", b="eu", c="eu", d="us")
    decision = decide(fleet, request(policy=best(4, topology_spread=spread())))
    assert (counts(decision), decision.unplaced) == ({"a": 1, "b": 1, "d": 1}, 1)
    assert codes(decision.refused["c"]) == ["topology-spread"]
    assert codes(decision.missing) == ["topology-spread"]


def test_do_not_schedule_binds_pick_all_too_and_says_so() -> None:
    decision = decide(regions(a="eu", b="eu", c="eu", d="us"), request(policy=replace(ALL, topology_spread=spread())))
    assert counts(decision) == {"a": 1, "b": 1, "d": 1}
    assert codes(decision.refused["c"]) == ["topology-spread"]


def test_kept_clusters_count_for_the_spread() -> None:
    fleet = regions(a="eu", b="eu", c="us", d="us")
    decision = decide(fleet, request(policy=best(3, topology_spread=spread())), before(a=1, b=1))
    assert counts(decision) == {"a": 1, "b": 1, "c": 1}


def test_schedule_anyway_comes_before_preferences_and_forbids_nothing() -> None:
    fleet = regions(a="eu", b="eu", c="eu", d="us")
    soft = spread(hard=False)
    assert counts(decide(fleet, request(policy=best(2, topology_spread=soft)))) == {"a": 1, "d": 1}
    assert sorted(counts(decide(fleet, request(policy=best(4, topology_spread=soft))))) == ["a", "b", "c", "d"]


def test_scores_of_a_chosen_cluster_are_those_with_which_it_was_picked() -> None:
    fleet = regions(a="eu", b="eu", c="us")
    decision = decide(fleet, request(policy=best(2, topology_spread=spread(hard=False))))
    values = {c.cluster: next(s.value for s in c.scores if s.scorer == "spread") for c in decision.candidates}
    # a was picked when everything was empty; b is what it was when c was picked.
    assert values == {"a": -1, "b": -2, "c": -1}


def test_pick_fixed_takes_the_named_whatever_refuses_new_work_and_warns() -> None:
    fleet = [
        cluster("a", node("1"), taints=(NO_SCHEDULE,)),
        cluster("b", taints=(NO_EXECUTE,)),
        cluster("c", state=CORDONED),
        cluster("d"),
    ]
    decision = decide(fleet, request(policy=named("a", "b", "c", topology_spread=spread()), size=pod(cpu="2")))
    assert (counts(decision), decision.unplaced) == ({"a": 1}, 2)
    assert codes(decision.warnings) == ["taint-not-tolerated", "insufficient-capacity", "topology-spread"]
    assert {name: codes(reasons) for name, reasons in decision.refused.items()} == {
        "b": ["taint-not-tolerated"],
        "c": ["cordoned"],
        "d": ["not-named"],
    }


def test_pick_all_takes_a_copy_everywhere_and_warns_of_room() -> None:
    fleet = [cluster("a", node("1")), cluster("b", node("8")), cluster("c", taints=(NO_SCHEDULE,))]
    decision = decide(fleet, request(policy=ALL, size=pod(cpu="2")))
    assert counts(decision) == {"a": 1, "b": 1}
    assert [(reason.cluster, str(reason.code)) for reason in decision.warnings] == [("a", "insufficient-capacity")]


def test_unknown_capacity_is_no_reason_to_be_preferred() -> None:
    decision = decide([cluster("a"), cluster("b", node("8"))], request(policy=best(1), size=pod(cpu="1")))
    assert counts(decision) == {"b": 1}


def test_divided_replicas_take_clusters_that_hold_them_all_where_better_ones_do_not() -> None:
    fleet = [
        cluster("a", node("2"), labels={"tier": "prod"}),
        cluster("b", node("2"), labels={"tier": "prod"}),
        cluster("c", node("20")),
    ]
    asked = divided(replicas=12, policy=best(2, preferred=FAVOUR_C), size=pod(cpu="1"))
    decision = decide(fleet, asked)
    assert (counts(decision), decision.unplaced) == ({"a": 2, "c": 10}, 0)


def test_a_cluster_that_may_have_no_replica_is_not_one_of_the_n() -> None:
    fleet = [cluster(name) for name in "abc"]
    decision = decide(fleet, divided(replicas=4, policy=best(2), weights={"a": 0}))
    assert counts(decision) == {"b": 2, "c": 2}
    assert codes(decision.refused["a"]) == ["limit-reached"]


def test_kept_clusters_that_are_refused_today_have_scores_too() -> None:
    fleet = [cluster("a", taints=(NO_SCHEDULE,), labels={"tier": "prod"}), cluster("b")]
    decision = decide(fleet, request(policy=best(1, preferred=FAVOUR_C)), before(a=1))
    assert [(candidate.cluster, candidate.total) for candidate in decision.candidates] == [("a", 500), ("b", 0)]


def test_without_workloads_a_placement_is_copied_whether_divided_or_not() -> None:
    fleet = [cluster("a"), cluster("b", state=CORDONED), cluster("c")]
    for asked in (request(policy=best(3), workloads=()), divided(policy=best(3), workloads=())):
        decision = decide(fleet, asked)
        assert [binding.cluster for binding in decision.bindings] == ["a", "c"]
        assert decision.unplaced == 1
        again = decide(fleet, asked, Previous(decision.bindings))
        assert again.bindings == decision.bindings


def test_zero_replicas_are_on_as_many_clusters_as_asked_for() -> None:
    decision = decide([cluster(name) for name in "abc"], divided(replicas=0, policy=best(2)))
    assert (counts(decision), decision.unplaced) == ({"a": 0, "b": 0}, 0)


def test_an_empty_fleet_places_nothing_and_says_so() -> None:
    decision = decide([], request(policy=best(1)))
    assert (counts(decision), decision.unplaced, codes(decision.missing)) == ({}, 1, ["limit-reached"])
    assert decide([], divided(replicas=3)).unplaced == 3


def test_an_unreachable_cluster_is_refused_for_that_alone() -> None:
    decision = decide([cluster("a", state=UNREACHABLE, taints=(NO_SCHEDULE,))], request(policy=best(1)))
    assert codes(decision.refused["a"]) == ["unreachable"]


def test_where_the_key_is_missing_the_skew_counts_as_a_hundred_at_most() -> None:
    policy = best(1, topology_spread=spread(hard=False))
    decision = decide([cluster("a", labels={"region": "eu"}), cluster("b")], request(policy=policy))
    values = {
        item.cluster: {score.scorer: score.value for score in item.scores}["spread"] for item in decision.candidates
    }
    assert values == {"a": -1, "b": -100}
