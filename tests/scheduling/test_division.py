from collections import Counter
from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from makers import ALL, best, cluster, node, plan, pod, request, shares, spread
from numpy.typing import NDArray

from kubefleet.model.policy import DivideBy, Divided, Policy, PolicyType
from kubefleet.scheduling import newly_divided
from kubefleet.scheduling.division import STRATEGIES, Share, divide
from kubefleet.scheduling.layout import UNBOUNDED
from kubefleet.scheduling.newly_divided import contenders, most_room
from kubefleet.scheduling.seats import Limit

pytestmark = pytest.mark.fast


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


@settings(max_examples=500, derandomize=True, deadline=None)
@given(st.data(), st.sampled_from(DivideBy), st.integers(1, 8))
def test_over_contenders_replicas_are_divided_as_over_everyone(data: st.DataObject, by: DivideBy, seats: int) -> None:
    places = range(data.draw(st.integers(1, 14)))
    rooms, weights, domains = (
        np.array([data.draw(st.sampled_from(some)) for _ in places], dtype=np.int64)
        for some in ([0, 1, 2, 5, 9, UNBOUNDED], [0, 1, 2, 3], [0, 1, 2])
    )
    most = data.draw(st.integers(1, 8))

    def divided(over: Sequence[int]) -> dict[int, int]:
        """With at most so many in each domain."""
        there = Counter[int]()
        limit = Limit(
            more=lambda place: there[int(domains[over[place]])] < most,
            fewer=lambda _: True,
            changed=lambda place, change: there.update({int(domains[over[place]]): change}),
        )
        shares = [Share(place, 0, 0, int(rooms[place]), int(rooms[place]), int(weights[place])) for place in over]
        found = divide(by, shares, seats, limit)
        return {place: count for place, count in zip(over, found, strict=True) if count}

    few = contenders(by, weights, rooms, domains, seats)
    assert divided(few) == divided(places)


@settings(max_examples=500, derandomize=True, deadline=None)
@given(st.data(), st.sampled_from((DivideBy.AVAILABLE, DivideBy.AGGREGATED)), st.integers(1, 4))
def test_who_gets_seats_by_room_shows_without_counting_all_of_it(data: st.DataObject, by: DivideBy, seats: int) -> None:
    places = range(data.draw(st.integers(1, 60)))
    rooms = np.array([data.draw(st.integers(0, 4)) for _ in places], dtype=np.int64)
    # What all nodes together have free is no less than what they hold.
    bounds = np.array([room + data.draw(st.sampled_from((0, 0, 1, 4))) for room in rooms.tolist()], dtype=np.int64)
    domains = np.array([data.draw(st.sampled_from((0, 1, 4))) for _ in places], dtype=np.int64)
    weights, asked = np.ones(len(places), dtype=np.int64), list[int]()

    def count(some: NDArray[np.int64]) -> NDArray[np.int64]:
        asked.extend(some.tolist())
        return rooms[some]

    seen = most_room(bounds, domains, seats, count)
    few = contenders(by, weights, seen, domains, seats)
    assert few == contenders(by, weights, rooms, domains, seats)
    assert seen[few].tolist() == rooms[few].tolist()
    assert len(asked) == len(set(asked))


def test_of_many_clusters_the_room_of_most_is_not_counted() -> None:
    bounds, asked = np.arange(1000, dtype=np.int64) + 10, list[int]()

    def count(some: NDArray[np.int64]) -> NDArray[np.int64]:
        asked.extend(some.tolist())
        return bounds[some] - 5

    most_room(bounds, np.arange(1000, dtype=np.int64) % 3, 4, count)
    assert len(asked) < 60


@pytest.mark.parametrize("seed", range(60))
def test_to_count_the_room_of_few_decides_as_to_count_it_all(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(seed)
    clusters = [
        cluster(
            f"c{number:02}",
            *(node(random.choice("1248"), random.randint(1, 3)) for _ in range(random.choice((1, 1, 2)))),
            labels={"region": random.choice("ab")},
            capacity_known=random.random() > 0.02,
        )
        for number in range(30)
    ]
    asked = [
        request(
            f"p{number}",
            random.randint(1, 6),
            random.choice((ALL, best(25), Policy(PolicyType.PICK_ALL, topology_spread=spread()))),
            size=pod(cpu=f"{random.randint(2, 19) * 100}m"),
            divided=Divided(random.choice(list(DivideBy))),
        )
        for number in range(8)
    ]
    plans = []
    for spare in (0, 1_000_000):
        monkeypatch.setattr(newly_divided, "_SPARE", spare)
        plans.append(plan(clusters, asked))
    assert plans[0] == plans[1]
