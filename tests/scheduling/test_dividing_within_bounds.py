"""Division within the bounds of single clusters: minimums, caps, rooms, what stands, nodes that are still to come."""

import pytest
from makers import shares

from kubefleet.model.policy import DivideBy
from kubefleet.scheduling.divide_twice import divide_twice
from kubefleet.scheduling.division import Share, divide
from kubefleet.scheduling.layout import UNBOUNDED
from kubefleet.scheduling.seats import Limit

pytestmark = pytest.mark.fast


def test_no_room_is_none_though_capacity_does_not_bind() -> None:
    assert divide(DivideBy.AVAILABLE, [Share(0, 0, 0, 99, 0), Share(1, 0, 0, 99, UNBOUNDED)], 10) == [0, 10]


@pytest.mark.parametrize(
    ("by", "given", "total", "seats"),
    [
        # Minimums and what stands are begun with, by whatever way; the rest of 12 by room 6, 8, 10.
        (DivideBy.AVAILABLE, [Share(0, 0, 2, 6, 6), Share(1, 1, 0, 9, 8), Share(2, 0, 0, 10, 10)], 15, [5, 5, 5]),
        # What stands beyond a cap goes.
        (DivideBy.WEIGHT, [Share(0, 5, 0, 3, 9), Share(1, 0, 0, 9, 9)], 6, [3, 3]),
        (DivideBy.WEIGHT, [Share(0, 0, 4, 9, 9), Share(1, 0, 0, 9, 9)], 5, [4, 1]),
        # Where room does not bind it is a weight all the same; where nobody has any, all are alike.
        (DivideBy.AVAILABLE, [Share(0, 0, 0, UNBOUNDED, 1), Share(1, 0, 0, UNBOUNDED, 5)], 12, [2, 10]),
        (DivideBy.AVAILABLE, [Share(0, 3, 0, UNBOUNDED, 0), Share(1, 0, 0, UNBOUNDED, 0)], 10, [7, 3]),
        # What is left when all with room are full goes evenly to all that may have more.
        (DivideBy.AVAILABLE, [Share(0, 0, 0, 9, 0), Share(1, 0, 0, 3, 3)], 8, [5, 3]),
        (DivideBy.AVAILABLE, [Share(0, 0, 0, 9, 0), Share(1, 0, 0, 9, 0), Share(2, 1, 0, 3, 2)], 7, [2, 2, 3]),
        (DivideBy.AVAILABLE, [Share(0, 0, 0, 2, 1), Share(1, 0, 0, 9, 5)], 12, [2, 9]),
        (DivideBy.AGGREGATED, [Share(0, 0, 0, 2, 2), Share(1, 0, 0, 9, 4)], 8, [2, 6]),
        # Going down: in proportion to all the room that there was, 4 + 8 and 8 + 4; never below a minimum.
        (DivideBy.AVAILABLE, [Share(0, 8, 0, 12, 4), Share(1, 4, 0, 12, 8)], 6, [3, 3]),
        (DivideBy.AVAILABLE, [Share(0, 8, 0, 8, 0), Share(1, 4, 0, 20, 16)], 6, [2, 4]),
        (DivideBy.AVAILABLE, [Share(0, 8, 7, 8, 0), Share(1, 4, 0, 20, 16)], 9, [7, 2]),
        # The minimums alone are too many: they give too.
        (DivideBy.WEIGHT, [Share(0, 0, 3, 9, 9), Share(1, 0, 3, 9, 9)], 4, [2, 2]),
        (DivideBy.AVAILABLE, [Share(0, 0, 3, 9, 9), Share(1, 0, 3, 9, 9)], 4, [2, 2]),
        (DivideBy.WEIGHT, [Share(0, 0, 3, 9, 9), Share(1, 0, 3, 9, 9)], 1, [1, 0]),
        # Where no room is known all are alike, going down too.
        (DivideBy.AVAILABLE, [Share(0, 8, 0, 99, UNBOUNDED), Share(1, 2, 0, 99, UNBOUNDED)], 6, [4, 2]),
        # Of two that are as large the first is taken, and a third only where they lack room.
        (DivideBy.AGGREGATED, shares([5, 5, 5]), 5, [5, 0, 0]),
        (DivideBy.AGGREGATED, shares([5, 5, 5]), 6, [3, 3, 0]),
        (DivideBy.AGGREGATED, shares([5, 5, 5]), 11, [4, 4, 3]),
        # Room beyond a cap is none: the second has 3.
        (DivideBy.AGGREGATED, [Share(0, 0, 0, 5, 5), Share(1, 0, 0, 3, 9), Share(2, 0, 0, 4, 4)], 9, [5, 0, 4]),
        # The first is in use and may have one more, whatever room it has: two need the other, and go by room, 2 to 100.
        (DivideBy.AGGREGATED, [Share(0, 3, 0, 4, 2), Share(1, 0, 0, 200, 100)], 5, [3, 2]),
        # One less.
        (DivideBy.AVAILABLE, shares([0, 0], [3, 2]), 4, [2, 2]),
        (DivideBy.AGGREGATED, shares([0, 0], [3, 2]), 4, [2, 2]),
        # A cluster counts as in use where it has a minimum.
        (DivideBy.AGGREGATED, [Share(0, 0, 1, 5, 5), Share(1, 0, 0, 9, 9)], 4, [4, 0]),
    ],
)
def test_bounds_of_single_shares(by: DivideBy, given: list[Share], total: int, seats: list[int]) -> None:
    assert divide(by, given, total) == seats


def test_seats_that_a_limit_forbids_go_to_clusters_that_are_not_in_use_yet() -> None:
    # Not more than two on the largest; another one is taken only for what is left.
    seats = [0, 0, 0]

    def changed(place: int, change: int) -> None:
        seats[place] += change

    limit = Limit(lambda place: place != 0 or seats[0] < 2, lambda _: True, changed)
    assert divide(DivideBy.AGGREGATED, shares([10, 6, 4]), 5, limit) == [2, 3, 0]
    assert seats == [2, 3, 0]


def test_a_cluster_that_a_limit_forbids_does_not_bring_the_next_into_use_too_early() -> None:
    # The second may have none: the third gets only what the first has no room for.
    limit = Limit(lambda place: place != 1, lambda _: True, lambda *_: None)
    assert divide(DivideBy.AGGREGATED, shares([6, 5, 4]), 8, limit) == [6, 0, 2]


@pytest.mark.parametrize(
    ("by", "given", "there", "total", "seats"),
    [
        # All of it is there.
        (DivideBy.WEIGHT, shares([9, 9]), [9, 9], 5, [3, 2]),
        (DivideBy.WEIGHT, shares([20, 20], weights=[3, 1]), [1, 9], 8, [1, 7]),
        # One and five are there; the other six are a's, which has the larger weight and the fewer seats.
        (DivideBy.WEIGHT, shares([20, 20], weights=[3, 1]), [1, 5], 12, [7, 5]),
        # A minimum comes first, whatever is there; a cap holds.
        (DivideBy.WEIGHT, [Share(0, 0, 4, 9, 9), Share(1, 0, 0, 9, 9)], [1, 9], 6, [4, 2]),
        (DivideBy.WEIGHT, [Share(0, 0, 0, 3, 9), Share(1, 0, 0, 9, 9)], [9, 1], 6, [3, 3]),
        # 6 and 2 fit there; room for 8 more is left on new nodes of both.
        (DivideBy.AVAILABLE, [Share(0, 4, 0, 14, 10), Share(1, 0, 0, 10, 10)], [2, 2], 16, [10, 6]),
        # What is there divides them, 2 to 6, and not the room on nodes to come.
        (DivideBy.AVAILABLE, shares([20, 6]), [2, 6], 4, [1, 3]),
        # Nothing is there on a: its room counts whole, 3 to the 3 that b has left, and not 2.
        (DivideBy.AVAILABLE, [Share(0, 0, 0, 3, 3), Share(1, 0, 0, 5, 5)], [0, 2], 5, [2, 3]),
        # New nodes are only on b; a has no room left.
        (DivideBy.AVAILABLE, [Share(0, 0, 0, 2, 2), Share(1, 0, 0, 10, 10)], [2, 2], 9, [2, 7]),
    ],
)
def test_nodes_that_are_there_are_used_before_new_ones(
    by: DivideBy, given: list[Share], there: list[int], total: int, seats: list[int]
) -> None:
    assert divide_twice(by, given, there, total) == seats
