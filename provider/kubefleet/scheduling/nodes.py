"""Nodes of several clusters in one table, and what one pod takes of a node.

Axes: cluster, group of alike nodes; amounts have the resource before them (numpy is slow along a short last axis).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kubefleet.scheduling import kernel
from kubefleet.scheduling.protocols import Mask, Numbers

Table = NDArray[np.int64]
"""Cluster × group; with one more axis before these, resource × cluster × group."""
UNBOUNDED = 2**40
"""Stands for room without a limit: for pods without requests, and where a cluster's capacity is not known."""
MOST_PER_NODE = 2**30
"""Room that one node has at most, so that sums over all nodes stay within 64 bits."""
NONE_AT_ALL = 2**62
"""Stands for a whole of nothing where shares of it are counted: they are 0."""
FINE = 6
"""Heights are told in so many bits after the percents."""
NEVER = 2**30
"""More than any height of a node."""
EMPTY = -1
"""The kind of a place for a group that is not taken yet."""


@dataclass(frozen=True, slots=True, eq=False)
class Size:
    """What one pod takes of a node: `need` (`amounts` in Python's numbers) in the ledger's order of resources, of which
    cpu and memory come first, `asked` the places of those above zero; and by kind of nodes (the last element is that of
    `EMPTY`) which accept it, and what it takes at least off the height of one: `NEVER` where it is not accepted.
    """

    need: Numbers
    amounts: tuple[int, ...]
    asked: tuple[int, ...]
    accepts: Mask
    loss: NDArray[np.int32]


@dataclass(slots=True)
class Nodes:
    """Groups of alike nodes by cluster; each has `used` of its places, the first ones. Of one kind are nodes with the
    same labels, taints and allocatable amounts; `whole` has, by kind, allocatable cpu and memory (`NONE_AT_ALL` for
    none). Free amounts are never below zero. `height` is what LeastAllocated would give a node before a pod is on it:
    the shares of cpu and memory that are free, added up, finer than in percents. `marks` tells nodes of a kind apart by
    what stands on them: None where no pod has rules that look at it.
    """

    kinds: NDArray[np.int32]
    counts: Table
    free: Table
    used: Numbers
    whole: Table
    height: NDArray[np.int32]
    marks: Table | None = None

    def of(self, rows: Numbers) -> "Nodes":
        """A copy of some clusters, to lay pods on."""
        kinds, counts, free = self.kinds[rows], self.counts[rows], self.free.take(rows, axis=1)
        marks = None if self.marks is None else self.marks[rows]
        return Nodes(kinds, counts, free, self.used[rows], self.whole, self.height[rows], marks)

    def put(self, rows: Numbers, changed: "Nodes") -> None:
        """Write clusters back, however many groups they have by now."""
        width = max(self.counts.shape[1], changed.counts.shape[1])
        self.widen(width)
        changed.widen(width)
        self.kinds[rows], self.counts[rows], self.free[:, rows] = changed.kinds, changed.counts, changed.free
        self.used[rows], self.height[rows] = changed.used, changed.height
        if self.marks is not None and changed.marks is not None:
            self.marks[rows] = changed.marks

    def widen(self, groups: int) -> None:
        """Have places for at least that many groups."""
        more = groups - self.counts.shape[1]
        if more > 0:
            self.kinds = np.pad(self.kinds, ((0, 0), (0, more)), constant_values=EMPTY)
            self.counts = np.pad(self.counts, ((0, 0), (0, more)))
            self.free = np.pad(self.free, ((0, 0), (0, 0), (0, more)))
            self.height = np.pad(self.height, ((0, 0), (0, more)))
            if self.marks is not None:
                self.marks = np.pad(self.marks, ((0, 0), (0, more)))

    def join(self, row: int, kind: int, count: int, free: Numbers) -> None:
        """Some more nodes of a cluster, all alike."""
        place = int(self.used[row])
        self.widen(place + 1)
        self.kinds[row, place], self.counts[row, place], self.free[:, row, place] = kind, count, free
        self.used[row] += 1
        self.measure(np.array([row]))

    def measure(self, rows: Numbers) -> None:
        """Count the heights of some clusters anew."""
        self.height[rows] = heights(self.free[:, rows], self.whole[:, self.kinds[rows]])

    def spots(self, rows: Numbers, groups: Numbers) -> Numbers:
        """Where groups are in a flattened table, until it is widened: one index is a good deal faster than two."""
        spots: Numbers = rows * self.counts.shape[1] + groups
        return spots

    def free_at(self, spots: Numbers) -> Table:
        """Resource × spot: free amounts."""
        free: Table = self.free.reshape(len(self.free), -1).take(spots, axis=1)
        return free

    def change(self, spots: Numbers, after: Table) -> None:
        """Give all nodes of some groups other free amounts (resource × spot)."""
        self.free.reshape(len(self.free), -1)[:, spots] = after
        self.height.reshape(-1)[spots] = heights(after, self.whole.take(self.kinds.take(spots), axis=1))

    def split(self, rows: Numbers, groups: Numbers, touched: Numbers, after: Table) -> None:
        """As `change`, for some nodes of one group a row: fewer than all. They join nodes that are alike, or else
        become a group of their own.
        """
        self.counts[rows, groups] -= touched
        kinds = self.kinds.take(self.spots(rows, groups))
        height = heights(after, self.whole.take(kinds, axis=1))
        marks = None if self.marks is None else self.marks.take(self.spots(rows, groups))
        places = self._alike(rows, kinds, height, after, marks)
        new = np.flatnonzero(places == EMPTY)
        if len(new):
            places[new] = self.used[rows[new]]
            self.used[rows[new]] += 1
            if places[new].max() >= self.counts.shape[1]:
                self.widen(self.counts.shape[1] * 3 // 2 + 1)
            spots = self.spots(rows[new], places[new])
            self.kinds.reshape(-1)[spots], self.height.reshape(-1)[spots] = kinds[new], height[new]
            self.free.reshape(len(self.free), -1)[:, spots] = after[:, new]
            if self.marks is not None and marks is not None:
                self.marks.reshape(-1)[spots] = marks[new]
        self.counts[rows, places] += touched

    def _alike(
        self, rows: Numbers, kinds: NDArray[np.int32], height: NDArray[np.int32], free: Table, marks: Numbers | None
    ) -> Numbers:
        """The first group of each row that is of the kind (and mark) and has this free, or `EMPTY`."""
        width = self.counts.shape[1]
        where, groups = np.divmod(np.flatnonzero(self.height.take(rows, axis=0) == height[:, None]), width)
        spots = self.spots(rows[where], groups)
        same = (self.kinds.take(spots) == kinds[where]) & (self.free_at(spots) == free[:, where]).all(axis=0)
        if self.marks is not None and marks is not None:
            same &= self.marks.take(spots) == marks[where]
        where, groups = where[same], groups[same]
        places = np.full(len(rows), EMPTY, dtype=np.int64)
        # Of several the first is written last.
        places[where[::-1]] = groups[::-1]
        return places


def heights(free: Table, whole: Table) -> NDArray[np.int32]:
    """Shares of cpu and memory that are free, each rounded down to a part of a percent (`FINE`), added up."""
    total = sum(have * (100 << FINE) // all_of_it for have, all_of_it in zip(free, whole, strict=False))
    bounded: NDArray[np.int32] = np.minimum(total, NEVER).astype(np.int32)
    return bounded


def rooms_in(free: Table, size: Size) -> Table:
    """How many pods of a size find room in given amounts (the resource is the first axis)."""
    rooms = np.full(free.shape[1:], MOST_PER_NODE, dtype=np.int64)
    for resource in size.asked:
        np.minimum(rooms, free[resource] // size.need[resource], out=rooms)
    return rooms


def room_in(nodes: Nodes, size: Size, rows: Numbers | None = None) -> Numbers:
    """Per cluster (of some, or of all), how many pods of a size all its nodes still hold. Sums over nodes that hold as
    many as one likes stand for no limit.
    """
    if kernel.built is not None:
        return kernel.room(kernel.built, nodes, np.arange(len(nodes.counts)) if rows is None else rows, size)
    some = nodes if rows is None else nodes.of(rows)
    rooms = rooms_in(some.free, size) * some.counts
    room: Numbers = (rooms if size.accepts[:-1].all() else np.where(size.accepts[some.kinds], rooms, 0)).sum(axis=1)
    return np.where(room >= MOST_PER_NODE, UNBOUNDED, room)


def most_free_in(nodes: Nodes, size: Size, resource: int) -> Numbers:
    """The most of a resource, by cluster, that any node that accepts a size has free; -1 where there is none."""
    if kernel.built is not None:
        return kernel.most_free(kernel.built, nodes, size, resource)
    free = nodes.free[resource]
    if size.accepts[:-1].all():
        most: Numbers = np.where(nodes.used > 0, free.max(axis=1), -1)
    else:
        most = np.where(size.accepts[nodes.kinds], free, -1).max(axis=1)
    return most
