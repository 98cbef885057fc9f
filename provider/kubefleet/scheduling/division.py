"""How one workload's replicas are divided over chosen clusters: one function per strategy, one table."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from kubefleet.model.policy import DivideBy
from kubefleet.scheduling.nodes import UNBOUNDED
from kubefleet.scheduling.seats import Limit, add_seats, remove_seats


@dataclass(slots=True)
class Share:
    """One chosen cluster: `current` replicas, at least `low` and at most `cap`, `room` for more now, the user's
    `weight`. `low` <= `cap`. Never changed: it is not frozen because thousands are made, and that takes three times as
    long.
    """

    cluster: int
    current: int
    low: int
    cap: int
    room: int
    weight: int = 1


Strategy = Callable[[Sequence[Share], int, Limit | None], list[int]]
"""Seats by share for a total; fewer in sum than the total where caps or the limit leave no place."""


def divide(by: DivideBy, shares: Sequence[Share], total: int, limit: Limit | None = None) -> list[int]:
    """Divide `total`; shares are sorted by cluster, which is how ties go. A limit speaks of places in `shares`; what
    stands (`stands`) counts as told to it.
    """
    return STRATEGIES[by](shares, total, limit)


def start(share: Share) -> int:
    """What a cluster begins with: what it has, within its bounds."""
    return min(share.cap, max(share.low, share.current)) if share.low or share.current else 0


def stands(share: Share) -> int:
    """What a cluster begins with where a limit binds every seat: minimums come first, but seat by seat as well."""
    return min(share.cap, share.current)


def by_weight(shares: Sequence[Share], total: int, limit: Limit | None) -> list[int]:
    """In proportion to the user's weights; what stands counts as seated, so one more never takes one away."""
    begun, weights = _begun(shares, limit), [share.weight for share in shares]
    if sum(begun) > total:
        return _fewer(shares, weights, begun, sum(begun) - total, limit)
    caps, owed = [share.cap for share in shares], [share.low for share in shares]
    return add_seats(weights, begun, caps, total - sum(begun), limit, owed)


def _begun(shares: Sequence[Share], limit: Limit | None) -> list[int]:
    return [start(share) if limit is None else stands(share) for share in shares]


def by_available(shares: Sequence[Share], total: int, limit: Limit | None) -> list[int]:
    """Only the difference is divided, in proportion to the room there is now, and added to what stands."""
    return _by_room(shares, total, limit, lambda _: [range(len(shares))])


def by_aggregated(shares: Sequence[Share], total: int, limit: Limit | None) -> list[int]:
    """As `by_available` over the clusters in use; others, largest first, only while these lack room."""

    def groups(seats: int) -> Iterator[Collection[int]]:
        used = {place for place, share in enumerate(shares) if start(share) > 0}
        rooms = [min(share.room, share.cap - start(share)) for share in shares]
        room = sum([rooms[place] for place in used])
        others = [place for place in range(len(shares)) if place not in used]
        others.sort(key=lambda place: -rooms[place])
        changes = True
        for other in others:
            # What a topology spread leaves unseated where there is room may go to one more, and one more: as long as
            # these may have any, or else nothing changes.
            if room >= seats and changes:
                yield used
                changes = False
            used.add(other)
            room += rooms[other]
            changes = changes or limit is None or (shares[other].cap > stands(shares[other]) and limit.more(other))
        yield used

    return _by_room(shares, total, limit, groups)


def _by_room(
    shares: Sequence[Share],
    total: int,
    limit: Limit | None,
    groups: Callable[[int], Iterable[Collection[int]]],
) -> list[int]:
    """Seats by room, over the first of the groups of places; over the next while some are left."""
    begun = _begun(shares, limit)
    left = total - sum(begun)
    if left < 0:
        # In proportion to all the room that the workload had, so that going down undoes going up.
        rooms = _bounded([share.room + share.current for share in shares])
        return _fewer(shares, rooms, begun, -left, limit)
    added = [0] * len(shares)
    owed = [share.low - stands for share, stands in zip(shares, begun, strict=True)]
    weights = _bounded([share.room for share in shares])
    for places in groups(left):
        caps = [0] * len(shares)
        for place in places:
            caps[place] = shares[place].cap - begun[place]
        added = add_seats(weights, added, caps, left - sum(added), limit, owed)
        if sum(added) == left:
            break
    else:
        # Where room does not bind, what is left over when all is full goes evenly to all.
        caps = [share.cap - stands for share, stands in zip(shares, begun, strict=True)]
        added = add_seats([1] * len(shares), added, caps, left - sum(added), limit, owed)
    return [stands + more for stands, more in zip(begun, added, strict=True)]


def _bounded(rooms: Sequence[int]) -> list[int]:
    """Weights by room. One without a limit counts as much as the largest that is known; where nobody has any (and
    capacity does not count) all are alike.
    """
    known = max((room for room in rooms if room < UNBOUNDED), default=0) or 1
    weights = [min(room, known) for room in rooms]
    return weights if any(weights) else [1] * len(rooms)


def _fewer(
    shares: Sequence[Share], weights: Sequence[int], begun: Sequence[int], seats: int, limit: Limit | None
) -> list[int]:
    """Take seats away down to the minimums; and below them only if these alone are too many."""
    seated = remove_seats(weights, begun, [share.low for share in shares], seats, limit)
    over = seats - (sum(begun) - sum(seated))
    return remove_seats(weights, seated, [0] * len(shares), over, limit) if over else seated


STRATEGIES: dict[DivideBy, Strategy] = {
    DivideBy.WEIGHT: by_weight,
    DivideBy.AVAILABLE: by_available,
    DivideBy.AGGREGATED: by_aggregated,
}
"""A new way to divide is a function here and a row."""
