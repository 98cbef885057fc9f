"""Seats one by one, by Webster's method (Sainte-Laguë), in exact integers.

M. L. Balinski and H. P. Young, "Fair Representation": the next seat goes to the largest w/(2s+1); the next to go is the
smallest w/(2s−1). Such a division never takes a seat away when the total grows, and single steps end where one big
step ends.
"""

import heapq
from collections.abc import Callable, Sequence


def add_seats(
    weights: Sequence[int],
    start: Sequence[int],
    caps: Sequence[int],
    seats: int,
    allows: Callable[[int], bool] | None = None,
    took: Callable[[int], None] | None = None,
) -> list[int]:
    """`start` and up to `seats` more; fewer where every cap is reached or nobody is allowed one.

    Ties: who has fewer seats, then who comes first. Weight 0 gets none. `allows` is asked before each seat, `took` is
    told of each. Cost: seats × log(places), with `allows` seats × places.
    """
    held = list(start)
    scale = _scale(max(held, default=0) + seats)

    def rank(place: int) -> tuple[int, int, int]:
        return -(weights[place] * scale // (2 * held[place] + 1)), held[place], place

    heap = [rank(place) for place in range(len(held)) if weights[place] > 0 and held[place] < caps[place]]
    heapq.heapify(heap)
    for _ in range(seats):
        passed_over: list[tuple[int, int, int]] = []
        while heap and allows is not None and not allows(heap[0][2]):
            passed_over.append(heapq.heappop(heap))
        if not heap:
            break
        place = heapq.heappop(heap)[2]
        held[place] += 1
        if took is not None:
            took(place)
        if held[place] < caps[place]:
            heapq.heappush(heap, rank(place))
        for again in passed_over:
            heapq.heappush(heap, again)
    return held


def remove_seats(weights: Sequence[int], start: Sequence[int], floors: Sequence[int], seats: int) -> list[int]:
    """`start` and up to `seats` fewer, never below a floor. Ties the other way round: who has more, then who comes
    last, so that removing undoes adding.
    """
    held = list(start)
    scale = _scale(max(held, default=0))

    def rank(place: int) -> tuple[int, int, int]:
        return weights[place] * scale // (2 * held[place] - 1), -held[place], -place

    heap = [rank(place) for place in range(len(held)) if held[place] > max(0, floors[place])]
    heapq.heapify(heap)
    for _ in range(seats):
        if not heap:
            break
        place = -heapq.heappop(heap)[2]
        held[place] -= 1
        if held[place] > max(0, floors[place]):
            heapq.heappush(heap, rank(place))
    return held


def _scale(most: int) -> int:
    """A factor so large that different quotients w/(2s±1), s <= most, differ after rounding down: they differ by at
    least 1/(2·most+1)².
    """
    return (2 * most + 1) ** 2 + 1
