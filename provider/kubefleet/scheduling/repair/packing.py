"""Packing: whether seats of several placements fit on the nodes of a cluster together, laid as the ledger would."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from kubefleet.scheduling.aligned import Amounts, align

_ALIGNING = 3
"""To align pods takes as long as so many other ways."""


@dataclass(frozen=True, slots=True)
class Pods:
    """`count` pods of one size for every seat; `accepts` has by kind of nodes whether one takes them."""

    need: Amounts
    count: int
    accepts: tuple[bool, ...]


Item = tuple[Pods, ...]
"""What one seat of a placement is: a replica, or a whole copy with all its workloads."""


@dataclass(slots=True)
class Packing:
    """The nodes of one cluster, each with its kind and what it has free; `None` for a cluster that holds everything.

    `good` are seats (by item) that are known to fit, so that fewer of each fit too. `tries` counts ways that were
    tried, `asked` the questions, most of which are answered from memory.
    """

    nodes: tuple[tuple[int, Amounts], ...] | None
    items: Sequence[Item]
    good: list[tuple[int, ...]] = field(default_factory=list)
    tries: int = 0
    asked: int = 0
    _known: dict[tuple[int, ...], bool] = field(default_factory=dict)
    _whole: Amounts = ()
    _largest_first: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        resources = max((len(pods.need) for item in self.items for pods in item), default=0)
        free = [free for _, free in self.nodes or ()] or [(0,) * resources]
        self._whole = tuple(map(sum, zip(*free, strict=True)))
        average = [max(1, amount // max(1, len(self.nodes or ()))) for amount in self._whole]

        def key(item: int) -> tuple[int, int, int]:
            shares = [
                (need << 16) // all_of_it
                for pods in self.items[item]
                for need, all_of_it in zip(pods.need, average, strict=True)
            ]
            accepting = [sum(pods.accepts[kind] for kind, _ in self.nodes or ()) for pods in self.items[item]]
            return -max(shares, default=0), min(accepting, default=0), item

        self._largest_first = sorted(range(len(self.items)), key=key)

    def fits(self, seats: tuple[int, ...]) -> bool:
        """Whether a way was found; there may be one that is not tried."""
        self.asked += 1
        if self.nodes is None:
            return True
        known = self._known.get(seats)
        if known is None:
            known = any(all(map(int.__le__, seats, good)) for good in self.good) or (
                min(self.left(seats), default=0) >= 0
                and (self._packs(self.nodes, seats) or self._aligned(self.nodes, seats))
            )
            self._known[seats] = known
        return known

    def settle(self, seats: tuple[int, ...], holds: Callable[[tuple[int, ...]], bool]) -> bool:
        """Whether seats that seem to fit do, by who knows: once for each that is not fewer than what is known to."""
        if self.nodes is None or any(all(map(int.__le__, seats, good)) for good in self.good):
            return True
        if self._known.get(seats, True) and holds(seats):
            self.good.append(seats)
            return True
        self._known[seats] = False
        return False

    def left(self, seats: tuple[int, ...]) -> list[int]:
        """What all nodes together have left; below zero of what they lack."""
        left = list(self._whole)
        for item, count in zip(self.items, seats, strict=True):
            for pods in item if count else ():
                for resource, need in enumerate(pods.need):
                    left[resource] -= need * pods.count * count
        return left

    def _packs(self, nodes: Sequence[tuple[int, Amounts]], seats: tuple[int, ...]) -> bool:
        """First fit, the largest pods first."""
        self.tries += 1
        free = [list(amounts) for _, amounts in nodes]
        for item in self._largest_first:
            for pods in self.items[item] if seats[item] else ():
                left = seats[item] * pods.count
                for place, (kind, _) in enumerate(nodes):
                    here = free[place]
                    if not pods.accepts[kind]:
                        continue
                    most = min([have // need for have, need in zip(here, pods.need, strict=True) if need], default=left)
                    if most > 0:
                        most = min(most, left)
                        left -= most
                        free[place] = [have - most * need for have, need in zip(here, pods.need, strict=True)]
                        if not left:
                            break
                if left:
                    return False
        return True

    def _aligned(self, nodes: Sequence[tuple[int, Amounts]], seats: tuple[int, ...]) -> bool:
        self.tries += _ALIGNING
        wanted = [
            (pods.need, pods.accepts, pods.count * count)
            for item, count in zip(self.items, seats, strict=True)
            for pods in (item if count else ())
        ]
        left, _ = align([(kind, count, free) for (kind, free), count in Counter(nodes).items()], wanted)
        return not any(left)
