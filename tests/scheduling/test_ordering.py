"""Who is planned before whom, and what one placement leaves for the next."""

import pytest
from immutabledict import immutabledict
from makers import ALL, before, best, cluster, codes, counts, divided, named, node, plan, pod, request

from kubefleet.model.booking import Booking
from kubefleet.model.decision import Binding, Previous
from kubefleet.model.request import Workload
from kubefleet.scheduling.order import in_order

pytestmark = pytest.mark.fast

TWO = pod(cpu="2")


def names(requests: list) -> list[str]:
    return [item.name for item in in_order(requests)]


def test_high_priority_first_then_names() -> None:
    assert names([request("b"), request("a"), request("z", priority=5)]) == ["z", "a", "b"]


def test_who_brings_a_namespace_comes_before_who_needs_it() -> None:
    needs = request("app", priority=9, needs_namespaces=frozenset({"shop"}))
    brings = request("tenant", provides_namespaces=frozenset({"shop"}), needs_apis=frozenset({"x/v1/Tenant"}))
    serves = request("zoo", provides_apis=frozenset({"x/v1/Tenant"}))
    assert names([request("other", priority=3), needs, brings, serves]) == ["zoo", "tenant", "app", "other"]


def test_who_brings_what_it_needs_waits_for_nobody() -> None:
    shop = frozenset({"shop"})
    brings, both = request("b", provides_namespaces=shop), request("a", needs_namespaces=shop, provides_namespaces=shop)
    assert names([brings, both]) == ["a", "b"]


def test_a_circle_of_needs_is_broken_where_it_is_first() -> None:
    a = request("a", needs_namespaces=frozenset({"y"}), provides_namespaces=frozenset({"x"}))
    b = request("b", needs_namespaces=frozenset({"x"}), provides_namespaces=frozenset({"y"}))
    assert names([a, b]) == names([b, a]) == ["b", "a"]


def test_a_namespace_that_comes_with_the_plan_counts_as_present_where_it_comes() -> None:
    fleet = [cluster("a", namespaces=frozenset()), cluster("b", namespaces=frozenset())]
    made = plan(
        fleet,
        [
            request("app", policy=ALL, needs_namespaces=frozenset({"shop"})),
            request("tenant", policy=named("b"), provides_namespaces=frozenset({"shop"})),
        ],
    )
    app = made.decision("app")
    assert counts(app) == {"b": 1}
    assert app is not None
    assert codes(app.refused["a"]) == ["namespace-missing"]


def test_what_one_takes_the_next_does_not_see() -> None:
    made = plan([cluster("a", node("8"))], [divided("a", 3, size=TWO), divided("b", 3, size=TWO)])
    assert [counts(decision) for decision in made.decisions] == [{"a": 3}, {"a": 1}]
    assert [decision.unplaced for decision in made.decisions] == [0, 2]


def test_what_runs_is_booked_before_new_demand_of_any_priority() -> None:
    made = plan(
        [cluster("a", node("8"))],
        [divided("new", 4, size=TWO, priority=100), divided("old", 3, size=TWO)],
        {"old": before(a=3)},
    )
    assert (counts(made.decision("old")), counts(made.decision("new"))) == ({"a": 3}, {"a": 1})


def test_room_that_is_given_up_is_free_only_in_the_next_plan() -> None:
    asked = [divided("new", 4, size=TWO), divided("old", 1, size=TWO)]
    made = plan([cluster("a", node("8"))], asked, {"old": before(a=3)})
    assert (counts(made.decision("old")), counts(made.decision("new"))) == ({"a": 1}, {"a": 1})


def booked(name: str, uid: str, replicas: int, live: int) -> Booking:
    return Booking(uid, name, "w", replicas, TWO.requests, live)


def test_bookings_of_others_take_what_the_snapshot_has_not_counted_yet() -> None:
    others = cluster("a", node("8"), bookings=(booked("theirs", "uid-theirs", 3, live=1),))
    # Of 8 cpu, two of their pods take 4 still.
    assert counts(plan([others], divided(replicas=4, size=TWO)).decisions[0]) == {"a": 2}


def test_a_placement_is_credited_with_its_own_pods_even_if_nothing_was_decided_before() -> None:
    # Three of its pods run: the node has 2 of 8 cpu free.
    busy = node("2")
    mine = cluster("a", busy, bookings=(booked("web", "uid-web", 3, live=3),))
    assert counts(plan([mine], divided(replicas=4, size=TWO)).decisions[0]) == {"a": 4}
    assert plan([mine], divided(replicas=5, size=TWO)).decisions[0].unplaced == 1
    # Booked, and not yet there: what is free is taken by them.
    starting = cluster("a", node("8"), bookings=(booked("web", "uid-web", 3, live=0),))
    assert counts(plan([starting], divided(replicas=4, size=TWO)).decisions[0]) == {"a": 4}


def test_a_workload_that_the_program_dropped_keeps_its_room_until_it_is_gone() -> None:
    fleet = [cluster("a", node("8"), bookings=(booked("web", "uid-web", 2, live=0),))]
    asked = divided(workloads=(Workload("new", "default", 4, TWO),))
    assert counts(plan(fleet, asked).decisions[0]) == {"a": 2}


def test_pods_of_the_plan_are_not_counted_twice_when_they_run() -> None:
    asked = divided(replicas=3, size=TWO, policy=best(1))
    first = plan([cluster("a", node("8"))], asked)
    had = {"web": Previous(first.decisions[0].bindings)}
    for live in range(4):
        running = cluster("a", node(str(8 - 2 * live)), bookings=(booked("web", "uid-web", 3, live),))
        again = plan([running], [asked, divided("zoo", 4, size=TWO)], had)
        assert counts(again.decision("web")) == {"a": 3}
        assert counts(again.decision("zoo")) == {"a": 1}


def test_previous_of_a_placement_that_the_program_does_not_have_is_not_decided() -> None:
    made = plan([cluster("a")], request(), {"gone": Previous((Binding("a", immutabledict({"w": 1})),))})
    assert [decision.placement for decision in made.decisions] == ["web"]
