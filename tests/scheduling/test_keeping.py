"""What stays where it is, what leaves, and what is said about it."""

from dataclasses import replace

import pytest
from immutabledict import immutabledict
from makers import (
    ALL,
    CORDONED,
    DRAINED,
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
    moves,
    named,
    node,
    plan,
    pod,
    request,
    spread,
)

from kubefleet.model.cluster import ClusterState
from kubefleet.model.decision import Binding, MoveReason, Previous
from kubefleet.model.policy import Term
from kubefleet.model.request import Workload
from kubefleet.model.selector import Expr, Operator
from kubefleet.report.reason_text import reason_text

pytestmark = pytest.mark.fast

PROD = (Term(labels=(Expr("tier", Operator.IN, ("prod",)),)),)
RANKED = (Term(properties=(Expr("rank", Operator.GE, ("2",)),)),)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"taints": (NO_SCHEDULE,)}, "taint-not-tolerated"),
        ({"state": CORDONED}, "cordoned"),
        ({"state": ClusterState.NOT_READY}, "not-ready"),
        ({"state": UNREACHABLE}, "unreachable"),
        ({"namespaces": frozenset()}, "namespace-missing"),
        ({"apis": frozenset()}, "api-missing"),
    ],
)
def test_what_refuses_new_work_keeps_what_runs_and_lets_it_not_grow(fields: dict, code: str) -> None:
    needs = {"needs_namespaces": frozenset({"shop"}), "needs_apis": frozenset({"apps/v1/Deployment"})}
    decision = decide([cluster("a", **fields), cluster("b")], divided(replicas=7, **needs), before(a=3, b=3))
    assert counts(decision) == {"a": 3, "b": 4}
    assert {name: codes(reasons) for name, reasons in decision.kept.items()} == {"a": [code]}
    copy = decide([cluster("a", **fields), cluster("b")], request(policy=best(1), **needs), before(a=1))
    assert counts(copy) == {"a": 1}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"taints": (NO_EXECUTE,)}, MoveReason.TAINT_NO_EXECUTE),
        ({"state": DRAINED}, MoveReason.DRAINED),
        ({"state": ClusterState.LEAVING}, MoveReason.LEAVING),
    ],
)
def test_what_takes_a_cluster_away_moves_everything_and_says_why(fields: dict, reason: MoveReason) -> None:
    made = plan([cluster("a", **fields), cluster("b")], divided(replicas=6), {"web": before(a=3, b=3)})
    assert counts(made.decisions[0]) == {"b": 6}
    assert moves(made) == [("a", "b", 3, reason)]
    assert made.decisions[0].left == {"a": reason}


def test_a_move_names_the_taint() -> None:
    made = plan([cluster("a", taints=(NO_EXECUTE,)), cluster("b")], request(policy=best(1)), {"web": before(a=1)})
    assert [(move.reason, move.why) for move in made.moves] == [(MoveReason.TAINT_NO_EXECUTE, "maintenance")]


def test_a_label_that_changes_moves_nothing_until_the_policy_is_edited() -> None:
    fleet = [cluster("a", labels={"tier": "test"}), cluster("b", labels={"tier": "prod"})]
    asked = request(policy=best(1, required=PROD))
    kept = decide(fleet, asked, before(a=1))
    assert (counts(kept), codes(kept.kept["a"])) == ({"a": 1}, ["label-mismatch"])
    made = plan(fleet, asked, {"web": before(edited=True, a=1)})
    assert moves(made) == [("a", "b", 1, "policy-edited")]


def test_an_edit_takes_nothing_from_an_unreachable_cluster_for_properties_that_nobody_can_see() -> None:
    fleet = [cluster("a", state=UNREACHABLE, labels={"tier": "prod"}), cluster("b", labels={"tier": "prod"})]
    asked = request(policy=best(1, required=RANKED))
    assert counts(decide(fleet, asked, before(edited=True, a=1))) == {"a": 1}
    # Labels are declared, so they are known.
    elsewhere = replace(asked, policy=best(1, required=(Term(labels=(Expr("tier", Operator.IN, ("x",)),)),)))
    gone = decide([*fleet, cluster("c", labels={"tier": "x"})], elsewhere, before(edited=True, a=1))
    assert counts(gone) == {"c": 1}


def test_a_smaller_number_takes_the_lowest_score_and_of_equals_the_last_name() -> None:
    fleet = [cluster(name) for name in "abc"]
    made = plan(fleet, request(policy=best(2)), {"web": before(edited=True, a=1, b=1, c=1)})
    assert counts(made.decisions[0]) == {"a": 1, "b": 1}
    assert moves(made) == [("c", "", 1, "policy-edited")]
    assert made.decisions[0].left == {"c": MoveReason.POLICY_EDITED}


def test_a_smaller_number_waits_where_the_rest_has_no_room_and_is_tried_again() -> None:
    size = pod(cpu="2")
    fleet = [cluster("a", node("8")), cluster("b", node("8"))]
    asked = divided(replicas=6, policy=best(1), size=size)
    first = decide(fleet, asked, before(edited=True, a=3, b=3))
    # a could have four; three of them were there, one moves.
    assert counts(first) == {"a": 4, "b": 2}
    assert first.unplaced == 0
    roomy = [cluster("a", node("80")), cluster("b", node("8"))]
    assert counts(decide(roomy, asked, Previous(first.bindings))) == {"a": 6}


def test_unreachable_clusters_count_in_the_number() -> None:
    fleet = [cluster("a", state=UNREACHABLE), cluster("b"), cluster("c")]
    assert counts(decide(fleet, request(policy=best(2)), before(a=1, b=1))) == {"a": 1, "b": 1}


def test_a_cluster_that_is_not_named_any_more_leaves_once_the_others_are_placed() -> None:
    asked = request(policy=named("b"))
    waits = decide([cluster("a"), cluster("b", state=UNREACHABLE)], asked, before(edited=True, a=1))
    assert counts(waits) == {"a": 1}
    goes = decide([cluster("a"), cluster("b")], asked, Previous(waits.bindings))
    assert counts(goes) == {"b": 1}


def test_a_policy_edited_to_pick_all_adds_clusters_and_moves_nothing() -> None:
    fleet = [cluster(name) for name in "abc"]
    made = plan(fleet, divided(replicas=6, policy=ALL), {"web": before(edited=True, a=3, b=3)})
    assert (counts(made.decisions[0]), made.moves) == ({"a": 3, "b": 3}, ())
    made = plan(fleet, request(policy=ALL), {"web": before(edited=True, a=1)})
    assert (counts(made.decisions[0]), made.moves) == ({"a": 1, "b": 1, "c": 1}, ())


def test_a_spread_that_is_edited_in_moves_only_what_breaks_it() -> None:
    labels = {"a": "eu", "b": "eu", "c": "eu", "d": "us", "e": "us"}
    fleet = [cluster(name, labels={"region": region}) for name, region in labels.items()]
    asked = request(policy=best(3, topology_spread=spread()))
    made = plan(fleet, asked, {"web": before(edited=True, a=1, b=1, c=1)})
    assert counts(made.decisions[0]) == {"a": 1, "b": 1, "d": 1}
    assert moves(made) == [("c", "d", 1, "policy-edited")]
    # Not edited: nothing moves.
    assert plan(fleet, asked, {"web": before(a=1, b=1, c=1)}).moves == ()
    # Nowhere to go: it stays.
    full = [*fleet[:3], cluster("d", node("1"), labels={"region": "us"})]
    asked = request(policy=asked.policy, size=pod(cpu="2"))
    assert counts(decide(full, asked, before(edited=True, a=1, b=1, c=1))) == {"a": 1, "b": 1, "c": 1}


def test_a_spread_that_is_edited_in_levels_divided_replicas() -> None:
    fleet = [cluster("a", labels={"region": "eu"}), cluster("b", labels={"region": "us"})]
    asked = divided(replicas=8, policy=best(2, topology_spread=spread()))
    made = plan(fleet, asked, {"web": before(edited=True, a=7, b=1)})
    assert counts(made.decisions[0]) == {"a": 4, "b": 4}
    assert moves(made) == [("a", "b", 3, "policy-edited")]
    assert plan(fleet, asked, {"web": before(a=7, b=1)}).moves == ()


def test_a_frozen_placement_stays_as_it_is_on_the_clusters_that_are_left() -> None:
    fleet = [cluster("a", taints=(NO_EXECUTE,)), cluster("b"), cluster("c")]
    decision = decide(fleet, divided(replicas=9, frozen=True), before(a=3, gone=3))
    assert counts(decision) == {"a": 3}
    assert codes(decision.kept["a"]) == ["taint-not-tolerated"]
    assert set(decision.refused) == {"b", "c"}


def test_a_frozen_placement_takes_the_room_that_it_has() -> None:
    size = pod(cpu="2")
    fleet = [cluster("a", node("8"))]
    asked = [divided("ice", 3, frozen=True, size=size), divided("new", 4, size=size)]
    made = plan(fleet, asked, {"ice": before(a=3)})
    assert counts(made.decision("new")) == {"a": 1}


def test_a_cluster_that_the_fleet_does_not_have_any_more_is_replaced() -> None:
    decision = decide([cluster("a"), cluster("b")], divided(replicas=6), before(a=3, gone=3))
    assert sum(counts(decision).values()) == 6
    assert counts(decision)["a"] >= 3


def test_what_has_no_room_elsewhere_stays_and_says_so() -> None:
    size = pod(cpu="2")
    fleet = [cluster("a", node("8"), taints=(NO_EXECUTE,)), cluster("b", node("4"))]
    made = plan(fleet, divided(replicas=4, size=size), {"web": before(a=4)})
    decision = made.decisions[0]
    assert counts(decision) == {"a": 2, "b": 2}
    assert moves(made) == [("a", "b", 2, "taint-no-execute")]
    assert decision.unplaced == 0
    assert [reason_text(reason) for reason in decision.kept["a"]] == [
        "taint maintenance:NoExecute not tolerated",
        "no room elsewhere for 2 yet",
    ]


def test_each_workload_of_a_cluster_that_leaves_goes_where_it_finds_room() -> None:
    small, big = pod(cpu="1"), pod(cpu="4")
    fleet = [cluster("a", node("16"), taints=(NO_EXECUTE,)), cluster("b", node("8"))]
    asked = divided(
        workloads=(
            Workload("api", "shop", 4, small),
            Workload("big", "shop", 2, big),
            Workload("cron", "shop", 1, small, divisible=False),
        )
    )
    had = Previous((Binding("a", immutabledict({"api": 4, "big": 2, "cron": 1})),))
    decision = decide(fleet, asked, had)
    # b's 8 cpu: one is for cron, four for api; of the big ones none fits the three left.
    assert {b.cluster: dict(b.replicas) for b in decision.bindings} == {
        "a": {"api": 0, "big": 2, "cron": 1},
        "b": {"api": 4, "big": 0, "cron": 1},
    }


def test_a_rebalance_starts_from_nothing_except_where_nobody_answers() -> None:
    fleet = [cluster("a"), cluster("b"), cluster("c", state=UNREACHABLE)]
    made = plan(fleet, divided(replicas=12, rebalance=True), {"web": before(a=9, b=1, c=2)})
    assert counts(made.decisions[0]) == {"a": 5, "b": 5, "c": 2}
    assert moves(made) == [("a", "b", 4, "rebalance")]


def test_a_rebalance_keeps_what_finds_no_room_elsewhere() -> None:
    size = pod(cpu="1")
    fleet = [cluster("a", node("8")), cluster("b", node("2"))]
    decision = decide(fleet, divided(replicas=8, rebalance=True, size=size), before(a=8))
    assert counts(decision) == {"a": 6, "b": 2}
    assert decision.unplaced == 0


def test_a_copy_that_is_kept_where_nothing_new_may_come_gets_no_more_replicas() -> None:
    decision = decide([cluster("a", taints=(NO_SCHEDULE,))], request(replicas=5, policy=best(1)), before(a=3))
    assert counts(decision) == {"a": 3}
    assert codes(decision.kept["a"]) == ["taint-not-tolerated"]
