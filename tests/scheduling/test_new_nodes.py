"""Nodes that growing pools may add: what is not said in the cases, because files have no words for it."""

from dataclasses import replace

import pytest
from makers import ALL, NOW, best, cluster, codes, counts, decide, divided, node, plan, pod, request

from kubefleet.model.amounts import parse_amounts
from kubefleet.model.booking import Booking
from kubefleet.model.cluster import Cluster
from kubefleet.model.decision import Decision
from kubefleet.model.growth import GrowingPool, Growth
from kubefleet.model.snapshot import Snapshot
from kubefleet.report.fit_line import fit_line
from kubefleet.report.plan_message import plan_message
from kubefleet.report.story import story_lines

pytestmark = pytest.mark.fast

UNLIMITED = Growth(unlimited="Karpenter has no limits for pool main")
UNREAD = Growth(unread="cluster-autoscaler's status may not be read")
TWO = pod(cpu="2")


def growing(name: str, *nodes: str, more: int = 0, size: str = "8", **fields: object) -> Cluster:
    """A cluster with nodes of some cpu, whose pool `main` may add more of one size."""
    growth = Growth((GrowingPool("main", node(size, more)),)) if more else Growth()
    return cluster(name, *map(node, nodes), capacity_known=True, **({"growth": growth} | fields))


def warned(decision: Decision) -> list[tuple[str, str, dict[str, int | str]]]:
    return [(reason.cluster, str(reason.code), dict(reason.detail)) for reason in decision.warnings]


def test_where_the_maximum_is_not_known_capacity_limits_nothing_and_says_so() -> None:
    decision = decide([growing("a", "8", growth=UNLIMITED)], divided(replicas=50, size=TWO))
    assert counts(decision) == {"a": 50}
    assert warned(decision) == [("a", "growth-unknown", {"pods": 46, "why": UNLIMITED.unlimited})]
    text = "needs new nodes for 46 pods, and how far it grows is not known (Karpenter has no limits for pool main)"
    assert f"  warning  a: {text}" in story_lines(decision)
    made = plan([growing("a", "8", growth=UNLIMITED)], divided(replicas=50, size=TWO))
    shown = plan_message(made, Snapshot(NOW, (growing("a", "8", growth=UNLIMITED),)))
    assert f"\n  web on a {text}\n" in shown


def test_what_fits_on_its_nodes_says_nothing_of_a_maximum_that_is_not_known() -> None:
    assert warned(decide([growing("a", "8", growth=UNLIMITED)], divided(replicas=4, size=TWO))) == []


def test_where_the_maximum_is_not_known_capacity_still_ranks() -> None:
    fleet = [growing("a", "8", growth=UNLIMITED), growing("b", "8")]
    assert counts(decide(fleet, request(policy=best(1), replicas=4, size=TWO))) == {"a": 4}
    fleet = [growing("a", "6", growth=UNLIMITED), growing("b", "8")]
    assert counts(decide(fleet, request(policy=best(1), replicas=4, size=TWO))) == {"b": 4}
    assert counts(decide(fleet, request(policy=best(1), replicas=5, size=TWO))) == {"a": 5}


def test_a_cluster_of_which_nobody_knows_whether_it_grows_is_limited_by_its_nodes() -> None:
    decision = decide([growing("a", "8", growth=UNREAD)], request(policy=best(1), replicas=5, size=TWO))
    assert codes(decision.refused["a"]) == ["insufficient-capacity", "growth-unknown"]
    assert fit_line(decision, 1) == (
        "0/1 clusters fit: 1 room for 4 of 5 pods, 1 whether it can grow is not known "
        "(cluster-autoscaler's status may not be read)"
    )


def test_pods_that_wait_for_a_node_take_new_ones() -> None:
    """Eight of the 24 cpu that may be added wait already for their node: four pods of two fit in the others."""
    waiting = growing("a", "8", more=2, pending=parse_amounts({"cpu": "16"}))
    assert counts(decide([waiting], divided(replicas=50, size=TWO))) == {"a": 4}
    assert counts(decide([growing("a", "8", more=2)], divided(replicas=50, size=TWO))) == {"a": 12}


def test_what_others_have_booked_and_not_started_takes_new_nodes() -> None:
    booking = Booking("u9", "other", "w", 6, parse_amounts({"cpu": "2"}), live=1)
    taken = growing("a", "8", more=2, bookings=(booking,))
    decision = decide([taken], divided(replicas=50, size=TWO))
    assert counts(decision) == {"a": 7}
    assert warned(decision) == [("a", "needs-nodes", {"nodes": 1, "pool": "main"})]


def test_the_plan_says_which_nodes_are_to_be_added() -> None:
    fleet = [growing("a", "8", more=9)]
    made = plan(fleet, divided(replicas=9, size=TWO))
    assert plan_message(made, Snapshot(NOW, tuple(fleet))) == (
        "1 placement on 1 of 1 cluster, all placed\n"
        "  web on a needs +2 nodes of pool main\n"
        "  web on a x9; 1/1 clusters fit"
    )
    assert "  warning  a: needs +2 nodes of pool main" in story_lines(made.decisions[0])


def test_who_uses_new_nodes_that_others_need_says_so() -> None:
    made = plan(
        [growing("a", more=1)], [request("one", policy=best(1), size=TWO), request("two", policy=best(1), size=TWO)]
    )
    assert [line for decision in made.decisions for line in story_lines(decision) if "pool" in line] == [
        "  warning  a: needs +1 node of pool main",
        "  warning  a: uses new nodes of pool main that others need",
    ]


def test_the_score_tells_that_a_cluster_must_grow() -> None:
    decision = decide([growing("a", "8", more=1), growing("b", "4")], request(policy=best(1), replicas=3, size=TWO))
    scores = {item.cluster: {score.scorer: score.weighted for score in item.scores} for item in decision.candidates}
    assert counts(decision) == {"a": 3}
    assert {name: found["growth"] for name, found in scores.items()} == {"a": 0}
    decision = decide([growing("a", "4", more=1), growing("b", "6")], request(policy=best(1), replicas=3, size=TWO))
    growth = {item.cluster: item.scores[-1] for item in decision.candidates}
    assert {name: (score.scorer, score.weighted) for name, score in growth.items()} == {
        "a": ("growth", -101),
        "b": ("growth", 0),
    }


def test_a_fleet_without_growing_pools_has_no_such_score() -> None:
    decision = decide([growing("a", "8")], request(policy=best(1), size=TWO))
    assert [score.scorer for score in decision.candidates[0].scores] == ["spread", "preferred", "capacity"]


def test_what_stands_needs_no_new_node_when_a_rebalance_asks_where_it_is_best() -> None:
    """Its own pods fill the only node."""
    full = replace(node("8"), free=((parse_amounts({"pods": "106"}), 1),))
    standing = Booking("uid-web", "web", "w", 4, TWO.requests, live=4)
    growth = Growth((GrowingPool("main", node("8", 1)),))
    decision = decide(
        [cluster("a", full, growth=growth, bookings=(standing,))],
        request(policy=best(1), replicas=4, size=TWO, rebalance=True),
    )
    assert [score.value for score in decision.candidates[0].scores if score.scorer == "growth"] == [0]


def test_the_most_that_is_free_is_that_of_new_nodes_too() -> None:
    decision = decide([growing("a", "1", more=1, size="8")], request(policy=best(1), size=pod(cpu="9")))
    assert fit_line(decision, 1) == "0/1 clusters fit: 1 insufficient cpu (need 9, most free 8)"


def test_pick_all_places_beyond_all_room_and_asks_for_the_nodes_that_may_come() -> None:
    decision = decide([growing("a", "4", more=1)], request(policy=ALL, replicas=9, size=TWO))
    assert counts(decision) == {"a": 9}
    assert codes(decision.warnings) == ["insufficient-capacity", "needs-nodes"]
