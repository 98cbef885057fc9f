import pytest

from kubefleet.model.policy import DivideBy
from kubefleet.scheduling.division import STRATEGIES, Share, divide
from kubefleet.scheduling.layout import UNBOUNDED

pytestmark = pytest.mark.fast


def shares(
    rooms: list[int], current: list[int] | None = None, weights: list[int] | None = None, low: int = 0
) -> list[Share]:
    """Capped at what there is and the room for more."""
    current = current or [0] * len(rooms)
    weights = weights or [1] * len(rooms)
    return [
        Share(i, have, low, have + room, room, weight)
        for i, (room, have, weight) in enumerate(zip(rooms, current, weights, strict=True))
    ]


def test_the_table_has_every_way_to_divide() -> None:
    assert set(STRATEGIES) == set(DivideBy)


@pytest.mark.parametrize(
    ("by", "given", "total", "seats"),
    [
        (DivideBy.AVAILABLE, shares([6, 8, 10]), 12, [3, 4, 5]),
        (DivideBy.AVAILABLE, shares([8, 8, 10]), 12, [4, 4, 4]),
        (DivideBy.AVAILABLE, shares([6, 8, 10]), 30, [6, 8, 10]),
        # The difference of 6 by room, on top of what is there.
        (DivideBy.AVAILABLE, shares([10, 10, 10], [2, 4, 6]), 18, [4, 6, 8]),
        (DivideBy.AGGREGATED, shares([6, 8, 10]), 12, [0, 5, 7]),
        (DivideBy.AGGREGATED, shares([10, 10, 10], [2, 4, 6]), 24, [6, 8, 10]),
        # One cluster is enough, and the one in use comes first.
        (DivideBy.AGGREGATED, shares([6, 20, 10]), 8, [0, 8, 0]),
        (DivideBy.AGGREGATED, shares([6, 20, 10], [2, 0, 0]), 8, [8, 0, 0]),
        (DivideBy.AGGREGATED, shares([3, 20, 10], [2, 0, 0]), 8, [3, 5, 0]),
        (DivideBy.WEIGHT, shares([50] * 3, weights=[3, 2, 1]), 13, [7, 4, 2]),
        (DivideBy.WEIGHT, shares([50] * 3, [0, 0, 30]), 50, [10, 10, 30]),
        (DivideBy.WEIGHT, shares([2, 50, 50], weights=[3, 2, 1]), 13, [2, 7, 4]),
        (DivideBy.WEIGHT, shares([9, 9], low=2), 3, [2, 1]),
        (DivideBy.WEIGHT, [], 3, []),
    ],
)
def test_divide(by: DivideBy, given: list[Share], total: int, seats: list[int]) -> None:
    assert divide(by, given, total) == seats


def test_a_room_without_limit_counts_as_much_as_the_largest_that_is_known() -> None:
    assert divide(DivideBy.AVAILABLE, shares([10, UNBOUNDED, 5]), 10) == [4, 4, 2]
    assert divide(DivideBy.AVAILABLE, shares([UNBOUNDED, UNBOUNDED]), 10) == [5, 5]
    assert divide(DivideBy.AVAILABLE, shares([0, UNBOUNDED]), 10) == [0, 10]


@pytest.mark.parametrize("by", DivideBy)
def test_going_down_ends_at_the_minimum_and_takes_no_more_than_it_must(by: DivideBy) -> None:
    given = shares([9, 9, 9], [4, 4, 4], low=1)
    assert divide(by, given, 12) == [4, 4, 4]
    assert sum(divide(by, given, 7)) == 7
    assert divide(by, given, 3) == [1, 1, 1]


@pytest.mark.parametrize("by", DivideBy)
def test_one_more_never_takes_one_away(by: DivideBy) -> None:
    rooms, seats = [6, 8, 10], [0, 0, 0]
    for total in range(1, 25):
        left = [room - seat for room, seat in zip(rooms, seats, strict=True)]
        now = divide(by, shares(left, seats, [3, 1, 2]), total)
        assert sum(now) == total
        assert all(after >= have for after, have in zip(now, seats, strict=True))
        seats = now
