"""Room that a plan gives up at its end, told to those that found none."""

import pytest
from makers import ALL, DRAINED, NOW, before, best, cluster, counts, divided, node, plan, pod, request

from kubefleet.model.amounts import parse_amounts
from kubefleet.model.booking import Booking
from kubefleet.model.decision import Plan
from kubefleet.model.policy import Fit
from kubefleet.model.request import PodShape
from kubefleet.model.snapshot import Snapshot
from kubefleet.report.plan_message import plan_message
from kubefleet.report.story import story_lines as explain_lines

pytestmark = pytest.mark.fast

TWO = pod(cpu="2")
FREES = "frees {} cpu at the end of this up; run up again"


def later(made: Plan, name: str = "new") -> dict[str, dict[str, int | str]]:
    decision = made.decision(name)
    assert decision is not None
    return {reason.cluster: dict(reason.detail) for reason in decision.later}


def full(name: str = "a", cpu: str = "8", **fields: object) -> object:
    return cluster(name, node(cpu), **fields)


def test_what_shrinks_makes_room_for_the_next_up() -> None:
    """Four pods of two fill the node; two of them go: two of the three new ones fit then."""
    asked = [divided("web", 2, size=TWO), divided("new", 3, size=TWO)]
    made = plan([full()], asked, {"web": before(a=4)})
    assert later(made) == {"a": {"cpu": 4000}}
    decision = made.decision("new")
    assert decision is not None
    assert decision.unplaced == 3
    assert f"  later    a {FREES.format(4)}" in explain_lines(decision)
    assert f"\n  new: a {FREES.format(4)}\n" in plan_message(made, Snapshot(NOW, (full(),)))


def test_a_placement_that_is_removed_makes_room_for_the_next_up() -> None:
    def booked(going: bool) -> Booking:
        return Booking("u1", "old", "w", 4, parse_amounts({"cpu": "2"}), 0, going)

    for going, found in ((True, {"a": {"cpu": 8000}}), (False, {})):
        made = plan([full(bookings=(booked(going),))], request("new", policy=best(1), replicas=3, size=TWO))
        assert counts(made.decision("new")) == {}
        assert later(made) == found


def test_what_moves_away_makes_room_for_the_next_up() -> None:
    """Web has to leave nothing; it is asked to be on one cluster less."""
    fleet = [full("a"), full("b")]
    asked = [request("web", 4, best(1), size=TWO), request("new", 4, best(1), size=TWO)]
    made = plan(fleet, asked, {"web": before(a=4, b=4)})
    assert counts(made.decision("web")) == {"a": 4}
    assert later(made) == {"b": {"cpu": 8000}}


def test_a_deferred_move_is_told_where_it_fits_later() -> None:
    """Web must leave the drained cluster; b is full with what shrinks now."""
    fleet = [cluster("a", node("8"), state=DRAINED), full("b")]
    asked = [request("web", 2, best(1), size=TWO), divided("small", 1, size=TWO)]
    made = plan(fleet, asked, {"web": before(a=2), "small": before(b=4)})
    assert counts(made.decision("web")) == {"a": 2}
    assert later(made, "web") == {"b": {"cpu": 6000}}


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        (request("new", 2, best(1), size=TWO), True),
        (request("new", 3, best(1), size=TWO), False),
        (request("new", 2, best(1), size=pod(cpu="1")), True),
        (request("new", 1, best(1), size=pod(cpu="3")), False),
        (request("new", 1, best(1), size=pod(cpu="2", memory="1Gi")), False),
        (request("new", 1, best(1), size=PodShape(TWO.requests, TWO.node_selector.set("disk", "ssd"))), False),
        (divided("new", 3, best(1), size=TWO), True),
        (divided("new", 4, best(1), size=TWO, low={"a": 3}), False),
        (divided("new", 4, best(1), size=TWO, low={"a": 2}), True),
        (request("new", 2, best(1, fit=Fit.SCORE), size=TWO), False),
        (request("new", 2, ALL, size=TWO), False),
    ],
)
def test_only_what_will_surely_fit_is_told(asked: object, fits: bool) -> None:
    """Two pods of two go from a node that is full."""
    made = plan([full()], [divided("web", 2, priority=1, size=TWO), asked], {"web": before(a=4)})  # type: ignore[list-item]
    assert bool(later(made)) == fits


def test_one_room_is_told_once() -> None:
    asked = [request(name, 2, best(1), size=TWO) for name in ("x", "y")]
    made = plan([full()], [divided("web", 2, size=TWO, priority=1), *asked], {"web": before(a=4)})
    assert (later(made, "x"), later(made, "y")) == ({"a": {"cpu": 4000}}, {})


def test_a_cluster_that_is_refused_for_something_else_is_not_told() -> None:
    fleet = [full(namespaces=frozenset({"default"}))]
    asked = request("new", 1, best(1), size=TWO, needs_namespaces=frozenset({"shop"}))
    assert later(plan(fleet, [divided("web", 2, size=TWO), asked], {"web": before(a=4)})) == {}


def test_nothing_is_told_where_nothing_goes() -> None:
    made = plan([full()], [divided("web", 4, size=TWO), request("new", 1, best(1), size=TWO)], {"web": before(a=4)})
    assert later(made) == {}
