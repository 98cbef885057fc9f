"""How one workload's replicas are divided over chosen clusters: one function per strategy, one table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kubefleet.model.policy import DivideBy
from kubefleet.scheduling.seats import add_seats, remove_seats


@dataclass(frozen=True, slots=True)
class Share:
    """One chosen cluster: `current` replicas, at least `low` and at most `cap`, `room` for more now, the user's
    `weight`. `low` <= `cap`.
    """

    cluster: int
    current: int
    low: int
    cap: int
    room: int
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Limit:
    """A topology spread that binds every seat: may the cluster have one more, and one that was given."""

    allows: Callable[[int], bool]
    took: Callable[[int], None]


Strategy = Callable[[Sequence[Share], int, Limit | None], list[int]]
"""Seats by share for a total; fewer in sum than the total where caps or the limit leave no place."""


def divide(by: DivideBy, shares: Sequence[Share], total: int, limit: Limit | None = None) -> list[int]:
    """Divide `total`; shares are sorted by cluster, which is how ties go."""
    return STRATEGIES[by](shares, total, limit)


def _start(shares: Sequence[Share]) -> list[int]:
    """What every cluster begins with: what it has, within its bounds."""
    return [min(share.cap, max(share.low, share.current)) for share in shares]


def _fewer(shares: Sequence[Share], weights: Sequence[int], start: Sequence[int], seats: int) -> list[int]:
    return remove_seats(weights, start, [share.low for share in shares], seats)


def _more(
    shares: Sequence[Share], weights: Sequence[int], start: Sequence[int], seats: int, limit: Limit | None
) -> list[int]:
    if limit is None:
        return add_seats(weights, start, [share.cap for share in shares], seats)
    return add_seats(
        weights,
        start,
        [share.cap for share in shares],
        seats,
        lambda place: limit.allows(shares[place].cluster),
        lambda place: limit.took(shares[place].cluster),
    )


def by_weight(shares: Sequence[Share], total: int, limit: Limit | None) -> list[int]:
    """In proportion to the user's weights; what stands counts as seated, so one more never takes one away."""
    start, weights = _start(shares), [share.weight for share in shares]
    seats = total - sum(start)
    return _more(shares, weights, start, seats, limit) if seats >= 0 else _fewer(shares, weights, start, -seats)


def by_available(shares: Sequence[Share], total: int, limit: Limit | None) -> list[int]:
    """Only the difference is divided, in proportion to the room there is now, and added to what stands."""
    return _by_room(shares, _start(shares), total, range(len(shares)), limit)


def by_aggregated(shares: Sequence[Share], total: int, limit: Limit | None) -> list[int]:
    """As `by_available` over the clusters in use; others, largest first, only while these lack room."""
    start = _start(shares)
    seats = total - sum(start)
    rooms = [min(share.room, share.cap - begun) for share, begun in zip(shares, start, strict=True)]
    used = [place for place, begun in enumerate(start) if begun > 0]
    others = sorted(
        (place for place, begun in enumerate(start) if begun == 0), key=lambda place: (-rooms[place], place)
    )
    while others and sum(rooms[place] for place in used) < seats:
        used.append(others.pop(0))
    return _by_room(shares, start, total, sorted(used), limit)


def _by_room(
    shares: Sequence[Share], start: Sequence[int], total: int, places: Sequence[int], limit: Limit | None
) -> list[int]:
    seats = total - sum(start)
    rooms = [share.room for share in shares]
    if seats < 0:
        return _fewer(shares, rooms, start, -seats)
    part = [shares[place] for place in places]
    # Where nobody has room but capacity does not count, all are alike.
    weights = [share.room for share in part] if any(share.room for share in part) else [1] * len(part)
    left = [
        Share(share.cluster, 0, 0, share.cap - start[place], share.room)
        for place, share in zip(places, part, strict=True)
    ]
    added = _more(left, weights, [0] * len(part), seats, limit)
    seated = list(start)
    for place, more in zip(places, added, strict=True):
        seated[place] += more
    return seated


STRATEGIES: dict[DivideBy, Strategy] = {
    DivideBy.WEIGHT: by_weight,
    DivideBy.AVAILABLE: by_available,
    DivideBy.AGGREGATED: by_aggregated,
}
"""A new way to divide is a function here and a row."""
