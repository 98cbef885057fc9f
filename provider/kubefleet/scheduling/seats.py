"""Seats one by one, by Webster's method (Sainte-Laguë), in exact integers.

M. L. Balinski and H. P. Young, "Fair Representation": the next seat goes to the largest w/(2s+1); the next to go is the
smallest w/(2s−1). Such a division never takes a seat away when the total grows, and single steps end where one big
step ends.
"""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_FEW = 8
"""Seats for each place up to which they are given one by one; for more, all but the last few are found by their
quotient.
"""
_FIRST = -(2**200)
"""Before every quotient."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What binds every single seat: whether a place may have one more or one fewer, asked before each, and who is told
    of each (+1 or −1).
    """

    more: Callable[[int], bool]
    fewer: Callable[[int], bool]
    changed: Callable[[int, int], None]


def add_seats(
    weights: Sequence[int],
    start: Sequence[int],
    caps: Sequence[int],
    seats: int,
    limit: Limit | None = None,
    owed: Sequence[int] | None = None,
) -> list[int]:
    """`start` and up to `seats` more; fewer where every cap is reached or nobody is allowed one.

    Ties: who has fewer seats, then who comes first. Weight 0 gets none. Under a limit a place has as many as it is
    `owed` before others get theirs, whatever its weight, whenever it is allowed one. Cost: grows with places and the
    logarithm of seats; with a limit seats × places.
    """
    scale = _scale(max(start, default=0) + seats)
    by_hand = limit or seats <= _FEW * len(start)
    held = list(start) if by_hand else _most_of_them(weights, start, caps, seats, scale)
    seats -= sum(held) - sum(start)

    least = owed if owed is not None and limit is not None else [0] * len(held)

    def rank(place: int) -> tuple[int, int, int]:
        if held[place] < least[place]:
            return _FIRST, held[place], place
        return -(weights[place] * scale // (2 * held[place] + 1)), held[place], place

    def wants(place: int) -> bool:
        return held[place] < caps[place] and (weights[place] > 0 or held[place] < least[place])

    heap = [rank(place) for place in range(len(held)) if wants(place)]
    heapq.heapify(heap)
    for _ in range(seats):
        place = _next(heap, limit.more if limit else None)
        if place is None:
            break
        held[place] += 1
        if limit is not None:
            limit.changed(place, 1)
        if wants(place):
            heapq.heappush(heap, rank(place))
    return held


def remove_seats(
    weights: Sequence[int], start: Sequence[int], floors: Sequence[int], seats: int, limit: Limit | None = None
) -> list[int]:
    """`start` and up to `seats` fewer, never below a floor (0 at least). Ties the other way round: who has more,
    then who comes last, so that removing undoes adding. Where the limit forbids all that are left it is overruled.
    """
    scale = _scale(max(start, default=0))
    by_hand = limit or seats <= _FEW * len(start)
    held = list(start) if by_hand else _all_but_a_few(weights, start, floors, seats, scale)
    seats -= sum(start) - sum(held)

    def rank(place: int) -> tuple[int, int, int]:
        return weights[place] * scale // (2 * held[place] - 1), -held[place], -place

    heap = [rank(place) for place in range(len(held)) if held[place] > floors[place]]
    heapq.heapify(heap)
    for _ in range(seats):
        place = _next(heap, (lambda place: limit.fewer(-place)) if limit else None)
        if place is None:
            place = _next(heap, None)
        if place is None:
            break
        place = -place
        held[place] -= 1
        if limit is not None:
            limit.changed(place, -1)
        if held[place] > floors[place]:
            heapq.heappush(heap, rank(place))
    return held


def _most_of_them(
    weights: Sequence[int], start: Sequence[int], caps: Sequence[int], seats: int, scale: int
) -> list[int]:
    """The seats that have a larger quotient than the last one given, so that only ties and the last few are left.

    Seat s of a place has the quotient w/(2s−1); quotients of one place differ by 1/scale at least.
    """

    def given(least: int) -> list[int]:
        bounds = zip(weights, start, caps, strict=True)
        return [max(have, min(cap, (weight * scale // least + 1) // 2)) for weight, have, cap in bounds]

    return given(_first(max(weights, default=0) * scale, lambda least: sum(given(least)) - sum(start) <= seats))


def _all_but_a_few(
    weights: Sequence[int], start: Sequence[int], floors: Sequence[int], seats: int, scale: int
) -> list[int]:
    """What is left without the seats that have a smaller quotient than the last one that goes."""

    def left(least: int) -> list[int]:
        bounds = zip(weights, start, floors, strict=True)
        return [min(have, max(floor, (weight * scale // least + 1) // 2)) for weight, have, floor in bounds]

    too_large = _first(max(weights, default=0) * scale, lambda least: sum(start) - sum(left(least)) > seats)
    return left(too_large - 1) if too_large > 1 else list(start)


def _first(last: int, holds: Callable[[int], bool]) -> int:
    """The least number, from 1 to `last`, of which something holds that also holds of all above; else the one above."""
    low, high = 1, last + 1
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low


def _next(heap: list[tuple[int, int, int]], allows: Callable[[int], bool] | None) -> int | None:
    """Pop the first that is allowed; its last element. Those passed over stay."""
    passed_over: list[tuple[int, int, int]] = []
    while heap and allows is not None and not allows(heap[0][2]):
        passed_over.append(heapq.heappop(heap))
    found = heapq.heappop(heap)[2] if heap else None
    for again in passed_over:
        heapq.heappush(heap, again)
    return found


def _scale(most: int) -> int:
    """A factor so large that different quotients w/(2s±1), s <= most, differ after rounding down: they differ by at
    least 1/(2·most+1)².
    """
    return (2 * most + 1) ** 2
