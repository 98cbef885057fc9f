import random
from fractions import Fraction

import pytest

from kubefleet.scheduling.seats import Limit, add_seats, remove_seats

pytestmark = pytest.mark.fast

FREE = 10**9


def fill(weights: list[int], seats: int) -> list[int]:
    return add_seats(weights, [0] * len(weights), [FREE] * len(weights), seats)


def one_by_one(weights: list[int], start: list[int], caps: list[int], seats: int) -> list[int]:
    """Webster's rule as it is said, in fractions."""
    held = list(start)
    for _ in range(seats):
        open_to = [place for place in range(len(held)) if weights[place] and held[place] < caps[place]]
        if open_to:
            held[min(open_to, key=lambda i: (-Fraction(weights[i], 2 * held[i] + 1), held[i], i))] += 1
    return held


def back_one_by_one(weights: list[int], start: list[int], floors: list[int], seats: int) -> list[int]:
    held = list(start)
    for _ in range(seats):
        open_to = [place for place in range(len(held)) if held[place] > floors[place]]
        if open_to:
            held[min(open_to, key=lambda i: (Fraction(weights[i], 2 * held[i] - 1), -held[i], -i))] -= 1
    return held


@pytest.mark.parametrize("seed", range(60))
def test_many_at_once_are_as_one_by_one(seed: int) -> None:
    draw = random.Random(seed)
    places = draw.randint(1, 5)
    weights = [draw.choice([0, 1, 1, 2, 3, 7, 100]) for _ in range(places)]
    start = [draw.choice([0, 0, 1, 5, 17, 41, 60]) for _ in range(places)]
    caps = [have + draw.choice([0, 1, 9, 40, FREE]) for have in start]
    floors = [draw.randint(0, have) for have in start]
    for seats in (0, 1, 7, 8 * places, 8 * places + 1, 8 * places + 2, 50, 90, 140):
        assert add_seats(weights, start, caps, seats) == one_by_one(weights, start, caps, seats)
        assert remove_seats(weights, start, floors, seats) == back_one_by_one(weights, start, floors, seats)


@pytest.mark.parametrize(
    ("weights", "seats", "given"),
    [
        # quotients 53 24 23 | 17.67 8 7.67 | 10.6 ...: 53, 24, 23, 17.67, 10.6, 8, 7.67
        ([53, 24, 23], 7, [3, 2, 2]),
        # 100 80 33.3 30 26.7 20 20 16
        ([100, 80, 30, 20], 8, [3, 3, 1, 1]),
        ([3, 2, 1], 13, [7, 4, 2]),
        ([3, 2, 1], 14, [7, 5, 2]),
        ([6, 8, 10], 12, [3, 4, 5]),
        ([170, 110, 60], 5, [2, 2, 1]),
        ([170, 110, 60], 6, [3, 2, 1]),
    ],
)
def test_webster_by_hand(weights: list[int], seats: int, given: list[int]) -> None:
    assert fill(weights, seats) == given


def test_equal_quotients_go_to_who_has_fewer_then_to_who_comes_first() -> None:
    # 3/3 = 1/1: the second has none yet.
    assert fill([3, 1], 2) == [1, 1]
    assert fill([1, 1, 1], 2) == [1, 1, 0]


def test_weight_zero_gets_none_even_if_seats_are_left_over() -> None:
    assert fill([0, 0], 3) == [0, 0]
    assert fill([0, 1], 3) == [0, 3]


def test_caps_pass_seats_on_and_leave_over_what_nobody_may_have() -> None:
    assert add_seats([5, 1, 1], [0, 0, 0], [2, 1, FREE], 6) == [2, 1, 3]
    assert add_seats([1, 1], [0, 0], [1, 1], 6) == [1, 1]


def test_what_stands_counts_as_seated() -> None:
    # KubeAdmiral's 50 over 1:1:1, of which the third holds 30 already.
    assert add_seats([1, 1, 1], [0, 0, 30], [FREE] * 3, 20) == [10, 10, 30]


@pytest.mark.parametrize("weights", [[3, 2, 1], [7, 7, 7], [100, 1], [5]])
def test_removing_undoes_adding_seat_by_seat(weights: list[int]) -> None:
    for seats in range(30, 0, -1):
        assert remove_seats(weights, fill(weights, seats), [0] * len(weights), 1) == fill(weights, seats - 1)


def test_removing_stops_at_the_floors() -> None:
    assert remove_seats([1, 1], [5, 5], [3, 0], 4) == [3, 3]
    assert remove_seats([1, 1], [5, 5], [4, 4], 9) == [4, 4]


def test_weights_beyond_64_bits_are_exact() -> None:
    huge = 10**30
    assert fill([3 * huge, 2 * huge, huge], 13) == [7, 4, 2]
    # One part in 10^30 decides.
    assert fill([huge, huge + 1], 1) == [0, 1]


class Alternate:
    """One place may not be more than one ahead of the other."""

    def __init__(self) -> None:
        self.seats = [0, 0]

    def limit(self) -> Limit:
        return Limit(
            lambda place: self.seats[place] <= self.seats[1 - place],
            lambda place: self.seats[place] >= self.seats[1 - place],
            self._changed,
        )

    def _changed(self, place: int, change: int) -> None:
        self.seats[place] += change


def test_a_limit_is_asked_before_every_seat() -> None:
    assert add_seats([9, 1], [0, 0], [FREE, FREE], 5, Alternate().limit()) == [3, 2]
    assert add_seats([9, 1], [0, 0], [FREE, 1], 5, Alternate().limit()) == [2, 1]


def test_a_limit_holds_however_many_seats_there_are() -> None:
    assert add_seats([9, 1], [0, 0], [FREE, FREE], 40, Alternate().limit()) == [20, 20]
    rule = Alternate()
    rule.seats = [30, 30]
    assert remove_seats([9, 1], [30, 30], [0, 0], 40, rule.limit()) == [10, 10]


def test_what_is_owed_comes_before_weights_and_after_the_limit() -> None:
    assert add_seats([9, 0], [0, 0], [FREE, FREE], 3, Alternate().limit(), [0, 2]) == [1, 2]
    assert add_seats([9, 0], [0, 0], [FREE, FREE], 1, Alternate().limit(), [0, 2]) == [0, 1]


def test_a_limit_holds_while_removing_and_gives_way_where_it_forbids_everything() -> None:
    rule = Alternate()
    rule.seats = [3, 3]
    # Without it the second would lose all three first.
    assert remove_seats([9, 1], [3, 3], [0, 0], 3, rule.limit()) == [2, 1]
    rule.seats = [0, 5]
    assert remove_seats([9, 1], [2, 5], [0, 5], 1, rule.limit()) == [1, 5]


def test_millions_of_seats_take_no_time() -> None:
    third = 10**7
    assert fill([1, 1, 1], 3 * third) == [third] * 3
    assert remove_seats([1, 1, 1], [third] * 3, [0] * 3, 3 * third - 3) == [1, 1, 1]
