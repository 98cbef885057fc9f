"""The board: who has how many seats where, in plain integers, so that many exchanges can be tried."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial

from kubefleet.scheduling.repair.packing import Item, Packing
from kubefleet.scheduling.repair.spreading import Spreading

_KNOWN = 10
"""So many questions with a known answer take as long as one packing."""

Seats = list[list[int]]
"""Player × cluster."""


class Way(Enum):
    """Which cluster is best for new seats: that with most room for them; where the fewest players may be; or that of
    which they would use all resources up alike.
    """

    ROOMY = 0
    QUIET = 1
    ALIKE = 2


@dataclass(frozen=True, slots=True)
class Player:
    """One placement whose new seats may be anywhere it is `allowed` to be.

    A seat is a replica, or a whole copy of `weight` pods. It wants `seats` of them on at most `clusters`; by cluster
    `held` stand already and stay, no more than `caps` come, and no fewer than `lows` if any; all of that within
    `spreads`.
    """

    name: str
    priority: int
    item: Item
    weight: int
    seats: int
    clusters: int
    allowed: tuple[int, ...]
    held: tuple[int, ...]
    caps: tuple[int, ...]
    lows: tuple[int, ...]
    spreads: tuple[Spreading, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether it may have no more than one seat anywhere, as whole copies do."""
        return max(self.caps, default=0) <= 1

    @property
    def free_clusters(self) -> int:
        """On how many more clusters than those where something stands it may be."""
        return max(0, self.clusters - sum(1 for held in self.held if held))


@dataclass(slots=True)
class Board:
    """Players with their seats, and the packing of every cluster."""

    players: Sequence[Player]
    packings: Sequence[Packing]
    seats: Seats
    wanted: tuple[int, ...] = field(init=False)
    """By cluster, how many players may be there."""
    ranked: tuple[int, ...] = field(init=False)
    """Players as they are seated anew: the first in priority, of equals those of whom the most fit."""
    priorities: tuple[int, ...] = field(init=False)
    """The highest first."""

    def __post_init__(self) -> None:
        self.priorities = tuple(sorted({player.priority for player in self.players}, reverse=True))
        allowed = [player.allowed for player in self.players]
        self.wanted = tuple(sum(c in clusters for clusters in allowed) for c in range(len(self.packings)))
        nodes = [free for packing in self.packings for _, free in packing.nodes or ()]
        whole = [max(1, sum(amounts)) for amounts in zip(*nodes, strict=True)]

        def key(p: int) -> tuple[int, int, str]:
            player = self.players[p]
            takes = [
                sum(pods.need[r] * pods.count for pods in player.item) * 2**32 // all_of_it
                for r, all_of_it in enumerate(whole)
            ]
            return -player.priority, max(takes, default=0) // player.weight, player.name

        self.ranked = tuple(sorted(range(len(self.players)), key=key))

    @property
    def tries(self) -> int:
        """How often packing was tried, or asked what is known, which costs a tenth: the measure of work."""
        return sum(packing.tries + packing.asked // _KNOWN for packing in self.packings)

    def score(self) -> tuple[int, ...]:
        """Pods that have a place, by priority, the highest first."""
        placed = dict.fromkeys(self.priorities, 0)
        for player, row in zip(self.players, self.seats, strict=True):
            placed[player.priority] += sum(row) * player.weight
        return tuple(placed.values())

    def missing(self, p: int) -> int:
        """Seats that a player still wants."""
        return self.players[p].seats - sum(self.seats[p])

    def fits(self, c: int) -> bool:
        """Whether everybody's seats fit on one cluster."""
        return self.packings[c].fits(tuple([row[c] for row in self.seats]))

    def settle(self, holds: Callable[[int, Sequence[int]], bool]) -> bool:
        """Ask whether every cluster really holds its seats, and remember the answers."""
        return all(
            packing.settle(tuple([row[c] for row in self.seats]), partial(holds, c))
            for c, packing in enumerate(self.packings)
        )

    def may_join(self, p: int, c: int) -> bool:
        """Whether a player is on a cluster, or may be on one more."""
        player, row = self.players[p], self.seats[p]
        if row[c] or player.held[c]:
            return True
        return sum(1 for new, old in zip(row, player.held, strict=True) if new or old) < player.clusters

    def insert(self, p: int, way: Way, part: int = 1) -> None:
        """Seats for a player (all that it lacks, or a part) as long as they fit, each time where it is best for now."""
        wanted = -(-self.missing(p) // part)
        # What it gets on one cluster changes nothing on the others.
        rooms = {c: self.room(p, c, wanted) for c in self.players[p].allowed} if wanted > 0 else {}
        while wanted > 0:
            some = [(min(room, wanted), c) for c, room in rooms.items() if room and self.may_join(p, c)]
            some = self._within_spreads(p, some)
            if not some:
                return
            room, best = min(some, key=lambda found: (self._rank(p, found[1], way), -found[0], found[1]))
            self.seats[p][best] += room
            rooms[best] -= room
            wanted -= room

    def _within_spreads(self, p: int, rooms: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """The same clusters with the room that the topology spread leaves them at once, if any."""
        player, row = self.players[p], self.seats[p]
        for spread in player.spreads:
            counts = spread.counts(row)
            rooms = [(most, c) for room, c in rooms if (most := spread.allows(counts, c, room))]
        return [(room, c) for room, c in rooms if row[c] + room >= player.lows[c]] if player.spreads else rooms

    def level(self) -> None:
        """Take seats away that are too many in their domain, now that others have fewer."""
        for player, row in zip(self.players, self.seats, strict=True):
            again = bool(player.spreads)
            while again:
                again = False
                for spread in player.spreads:
                    for c in player.allowed:
                        gone = min(row[c], spread.excess(spread.counts(row), c)) if row[c] else 0
                        if gone:
                            row[c] = row[c] - gone if row[c] - gone >= player.lows[c] else 0
                            again = True

    def _rank(self, p: int, c: int, way: Way) -> int:
        if way is Way.QUIET:
            return self.wanted[c]
        if way is Way.ROOMY or self.packings[c].nodes is None:
            return 0
        left = self.packings[c].left(tuple([row[c] for row in self.seats]))
        needs = [sum(pods.need[r] * pods.count for pods in self.players[p].item) for r in range(len(left))]
        rooms = [have * 1024 // need for have, need in zip(left, needs, strict=True) if need]
        return sum(rooms) * 16 // max(1, min(rooms, default=1))

    def room(self, p: int, c: int, wanted: int) -> int:
        """How many more seats, of those that are wanted, a player could have on a cluster."""
        player, row = self.players[p], self.seats[p]
        if not self.may_join(p, c):
            return 0
        before, low, high = row[c], max(1, player.lows[c] - row[c]), min(wanted, player.caps[c] - row[c])
        row[c] = before + low
        if high < low or not self.fits(c):
            row[c] = before
            return 0
        row[c] = before + high
        if self.fits(c):
            low = high
        while low < high:
            middle = (low + high + 1) // 2
            row[c] = before + middle
            low, high = (middle, high) if self.fits(c) else (low, middle - 1)
        row[c] = before
        return low
