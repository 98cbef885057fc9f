"""Exchanges among new demand place what did not fit; what stands, and whoever is complete, pays nothing for it."""

import pytest
from makers import before, best, cluster, codes, counts, divided, node, plan, pod, request

from kubefleet.model.cluster import Cluster
from kubefleet.model.decision import Previous
from kubefleet.model.policy import Policy, Term, TopologySpread
from kubefleet.model.selector import Expr, Operator
from kubefleet.report.reason_text import reason_text
from kubefleet.scheduling.repair.board import Board
from kubefleet.scheduling.repair.packing import Packing, Pods

pytestmark = pytest.mark.fast

CPU = pod(cpu="1")


def fleet() -> list[Cluster]:
    return [cluster("a", node("8"), labels={"tier": "prod"}), cluster("b", node("6"))]


def on_prod(number: int = 1) -> Policy:
    return best(number, required=(Term(labels=(Expr("tier", Operator.IN, ("prod",)),)),))


def test_who_may_be_elsewhere_makes_room_for_who_may_not() -> None:
    asked = [request("any", 6, best(1), size=CPU), request("prod", 6, on_prod(), size=CPU)]
    made = plan(fleet(), asked)
    assert counts(made.decision("any")) == {"b": 6}
    assert counts(made.decision("prod")) == {"a": 6}
    reason = made.decision("any").refused["a"][-1]
    assert (str(reason.code), reason_text(reason)) == ("limit-reached", "left to what has room nowhere else")


def test_divided_replicas_shift_as_far_as_needed() -> None:
    asked = [divided("any", 8, best(2), size=CPU), divided("prod", 6, on_prod(), size=CPU)]
    made = plan(fleet(), asked)
    assert counts(made.decision("prod")) == {"a": 6}
    assert counts(made.decision("any")) == {"a": 2, "b": 6}


def test_what_stands_gets_no_more_where_others_have_no_other_place() -> None:
    asked = [divided("any", 8, best(2), size=CPU), divided("prod", 6, on_prod(), size=CPU)]
    made = plan(fleet(), asked, {"any": before(a=2)})
    assert counts(made.decision("prod")) == {"a": 6}
    assert counts(made.decision("any")) == {"a": 2, "b": 6}


def test_a_higher_priority_loses_nothing_for_a_lower_one() -> None:
    asked = [request("high", 8, on_prod(), size=CPU, priority=1), request("low", 8, on_prod(), size=CPU)]
    made = plan(fleet(), asked)
    assert counts(made.decision("high")) == {"a": 8}
    assert (counts(made.decision("low")), codes(made.decision("low").missing)) == ({}, ["insufficient-capacity"])


def test_what_stands_is_not_exchanged() -> None:
    asked = [request("any", 6, best(1), size=CPU), request("prod", 6, on_prod(), size=CPU)]
    previous = before(a=6)
    made = plan(fleet(), asked, {"any": previous})
    assert counts(made.decision("any")) == {"a": 6}
    assert made.decision("prod").unplaced == 1


def test_the_repaired_plan_planned_again_is_the_same() -> None:
    asked = [divided("any", 8, best(2), size=CPU), divided("prod", 6, on_prod(), size=CPU)]
    first = plan(fleet(), asked)
    again = plan(fleet(), asked, {d.placement: Previous(d.bindings) for d in first.decisions})
    assert [decision.bindings for decision in again.decisions] == [decision.bindings for decision in first.decisions]
    assert again.moves == ()


def test_a_cluster_without_nodes_is_no_place_to_go() -> None:
    bare = cluster("c", capacity_known=True)
    made = plan([*fleet(), bare], [request("any", 6, best(1), size=CPU), request("prod", 7, on_prod(2), size=CPU)])
    assert counts(made.decision("prod")) == {"a": 7}


@pytest.mark.parametrize("nodes", [((0, (4,)),), None])
def test_questions_that_were_answered_before_are_work_too(nodes: tuple[tuple[int, tuple[int]], ...] | None) -> None:
    packing = Packing(nodes, ((Pods((1,), 1, (True,)),),))
    for _ in range(1000):
        assert packing.fits((4,))
    assert Board((), (packing,), []).tries >= 100


def test_others_make_room_in_every_domain_of_a_hard_spread() -> None:
    clusters = [cluster(name, node("4"), labels={"region": name}) for name in ("a", "b")] + [cluster("c", node("8"))]
    spread = best(3, topology_spread=(TopologySpread("region", 1),))
    asked = [divided("any", 8, best(3), size=CPU), divided("even", 8, spread, size=CPU)]
    made = plan(clusters, asked)
    assert counts(made.decision("even")) == {"a": 4, "b": 4}
    assert counts(made.decision("any")) == {"c": 8}
