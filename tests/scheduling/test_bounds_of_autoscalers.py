"""An autoscaler's bounds, and the replica that each cluster has of it."""

from typing import Any

import pytest
from immutabledict import immutabledict
from makers import divided

from kubefleet.model.autoscaled import Bounds
from kubefleet.model.decision import Binding, Decision
from kubefleet.model.policy import DivideBy, Divided
from kubefleet.model.request import Workload
from kubefleet.scheduling.autoscaled import autoscaled_parts, bounds_by_cluster, with_a_seat_each

pytestmark = pytest.mark.fast


def how(by: DivideBy = DivideBy.WEIGHT, **fields: dict[str, int]) -> Divided:
    return Divided(by, **{name: immutabledict(value) for name, value in fields.items()})


@pytest.mark.parametrize(
    ("replicas", "most", "fields", "total", "least"),
    [
        (1, 5, {}, 3, {"a": 1, "b": 1, "c": 1}),
        (7, 9, {}, 7, {"a": 1, "b": 1, "c": 1}),
        # No more clusters than replicas that the autoscaler may choose.
        (1, 2, {}, 2, {"a": 1, "b": 1}),
        (1, 4, {"min": {"a": 3}}, 4, {"a": 3, "b": 1, "c": 1}),
        (1, 9, {"min": {"a": 3}}, 5, {"a": 3, "b": 1, "c": 1}),
        (1, 9, {"max": {"a": 0}}, 2, {"b": 1, "c": 1}),
        (1, 9, {"max": {"a": 1}}, 3, {"a": 1, "b": 1, "c": 1}),
        (1, 9, {"weights": {"b": 0}}, 2, {"a": 1, "c": 1}),
        (1, 9, {"weights": {"b": 0}, "min": {"b": 2}}, 4, {"a": 1, "b": 2, "c": 1}),
        # Weights say nothing where room divides.
        (1, 9, {"by": DivideBy.AVAILABLE, "weights": {"b": 0}}, 3, {"a": 1, "b": 1, "c": 1}),
    ],
)
def test_each_cluster_gets_one_replica_at_least(
    replicas: int, most: int, fields: dict[str, Any], total: int, least: dict[str, int]
) -> None:
    work = Workload("w", "default", replicas, autoscaled=Bounds(replicas, most))
    asked, divided = with_a_seat_each(work, how(**fields), "abc")
    assert (asked.replicas, dict(divided.min)) == (total, least)


def test_nothing_is_raised_for_few_clusters_or_without_an_autoscaler() -> None:
    work = Workload("w", "default", 1, autoscaled=Bounds(1, 5))
    assert with_a_seat_each(work, how(DivideBy.AGGREGATED), "abc") == (work, how(DivideBy.AGGREGATED))
    plain = Workload("w", "default", 1)
    assert with_a_seat_each(plain, how(), "abc") == (plain, how())


@pytest.mark.parametrize(
    ("whole", "seats", "parts"),
    [
        (Bounds(4, 20), {"a": 3, "b": 1}, {"a": Bounds(3, 15), "b": Bounds(1, 5)}),
        (Bounds(0, 6), {"a": 1, "b": 1}, {"a": Bounds(0, 3), "b": Bounds(0, 3)}),
        (Bounds(7, 7), {"a": 4, "b": 2, "c": 1}, {"a": Bounds(4, 4), "b": Bounds(2, 2), "c": Bounds(1, 1)}),
        # Each has one, which is more than the whole may have.
        (Bounds(1, 2), {"a": 1, "b": 1, "c": 1}, {"a": Bounds(1, 1), "b": Bounds(1, 1), "c": Bounds(1, 1)}),
        (Bounds(1, 4), {"b": 1, "a": 2, "c": 0}, {"a": Bounds(2, 3), "b": Bounds(1, 1)}),
        (Bounds(1, 1), {}, {}),
    ],
)
def test_bounds_are_divided_as_the_replicas_are(whole: Bounds, seats: dict[str, int], parts: dict[str, Bounds]) -> None:
    assert bounds_by_cluster(whole, seats) == parts


def test_a_cluster_that_has_nothing_of_a_workload_has_no_bounds_of_it() -> None:
    asked = divided(workloads=(Workload("w", "default", 2, autoscaled=Bounds(2, 4)), Workload("x", "default", 1)))
    bindings = (Binding("a", immutabledict({"w": 2})), Binding("b", immutabledict({"x": 1})))
    assert autoscaled_parts(asked, Decision("web", bindings, divided=True)) == {"w": {"a": Bounds(2, 4)}}
