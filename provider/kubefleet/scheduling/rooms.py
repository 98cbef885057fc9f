"""How many pods of each size every cluster holds, counted only where nothing cheaper decides.

A pod that is laid on a node takes room for at most Σ over resources ⌈need of the one/need of the other⌉ of another
size. So the room counted once, less that for everything laid since, is a floor; it tells nearly always that there is
enough, at a cost of clusters instead of clusters × groups of nodes.
"""

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass, replace

import numpy as np

from kubefleet.scheduling import kernel
from kubefleet.scheduling.nodes import MOST_PER_NODE, Nodes, Size, room_in
from kubefleet.scheduling.protocols import Mask, Numbers

_FEW = 16
"""So many clusters are counted sooner than it is told which need to be."""
_LASTS = 256
"""Changes after which losses are counted from there on."""


@dataclass(slots=True, eq=False)
class _Counted:
    """Room as it was counted, by cluster, and what `level` was then. `now` is what it is after so many `changes`, and
    `floor` the room that there is at least. Where there was none anywhere it is `full`: there is never more.
    """

    room: Numbers
    level: Numbers
    now: Numbers
    floor: Numbers
    changes: int
    full: bool


class Rooms:
    """The room of clusters as `nodes` are now. `free` is what all nodes of a cluster together have free, by resource;
    `laid` how many pods were laid since the nodes were read. The owner changes the nodes, and then says so.
    """

    def __init__(self, nodes: Nodes) -> None:
        self.nodes = nodes
        self.free = (nodes.free * nodes.counts).sum(axis=2)
        self.laid = np.zeros(len(nodes.counts), dtype=np.int64)
        self.changes = 0
        self._lent = False
        self._counted: dict[Size, _Counted] = {}
        self._begin()

    def fork(self, nodes: Nodes, sizes: Iterable[Size]) -> "Rooms":
        """The same room on a copy of the nodes, which goes its own way; what is known of some sizes is known there."""
        other = self.picture()
        other.nodes, other.laid = nodes, self.laid.copy()
        known = {size: self._counted[size] for size in sizes if size in self._counted}
        other._counted = {
            size: replace(counted, room=counted.room.copy(), level=counted.level.copy(), floor=counted.floor.copy())
            for size, counted in known.items()
        }
        other._begin()
        return other

    def picture(self) -> "Rooms":
        """The same, of which `free` stays as it is now."""
        self._lent = True
        return copy(self)

    def took(self, clusters: Numbers, size: Size, pods: Numbers) -> None:
        """So many pods of a size were laid on some clusters."""
        self.changes += 1
        if self._lent:
            self.free, self._lent = self.free.copy(), False
        if kernel.built is not None:
            free, laid = (self.free, self._began), (self.laid, self._laid_before)
            kernel.took(kernel.built, free, laid, clusters, size.need, pods, self._lost)
            return
        self.laid[clusters] += pods
        for resource in size.asked:
            self.free[resource, clusters] -= size.need[resource] * pods
        gone = (self._began[:, clusters] - self.free[:, clusters]).max(axis=1, initial=0)
        laid_here = (self.laid[clusters] - self._laid_before[clusters]).max(initial=0)
        np.maximum(self._lost, [*gone, laid_here], out=self._lost)

    def plenty(self, size: Size, pods: int, among: Mask) -> bool:
        """Whether some clusters hold so many pods for sure: the fewest that any held is enough after the most that any
        has lost since then. Mostly that costs nothing that grows with clusters.
        """
        if self.changes - self._first >= (_LASTS if self._fewest else 1):
            self._begin()
        fewest = self._fewest.get(size)
        if fewest is None:
            fewest = self._fewest[size] = int(self._known(size).floor[among].min(initial=MOST_PER_NODE))
        if fewest < pods:
            return False
        *gone, laid = self._lost.tolist()
        return bool(fewest - laid - sum([-(-gone[r] // size.amounts[r]) for r in size.asked]) >= pods)

    def _begin(self) -> None:
        """Count losses from here on: by resource, and pods, the most that any cluster has lost."""
        self._first, self._began, self._laid_before = self.changes, self.free.copy(), self.laid.copy()
        self._lost = np.zeros(len(self.free) + 1, dtype=np.int64)
        self._fewest: dict[Size, int] = {}

    def room(self, size: Size, clusters: Numbers) -> Numbers:
        """How many pods some clusters hold."""
        if len(clusters) <= _FEW:
            return room_in(self.nodes, size, clusters)
        counted = self._known(size)
        self._count(size, counted, clusters)
        return counted.room[clusters]

    def reaches(self, size: Size, pods: Numbers | int) -> Mask:
        """Whether every cluster holds so many pods."""
        counted = self._known(size)
        unsure = np.flatnonzero(counted.floor < pods)
        if len(unsure):
            self._count(size, counted, unsure)
        enough: Mask = counted.floor >= pods
        return enough

    def sure(self, sizes: Sequence[tuple[Size, Numbers]], clusters: Numbers) -> tuple[Mask, Mask]:
        """Where so many pods (by size, per given cluster) find nodes in whatever order they are laid, and where those
        of one size alone do not. In between only laying them can tell.
        """
        surely, never = np.ones(len(clusters), dtype=np.bool_), np.zeros(len(clusters), dtype=np.bool_)
        for at, (size, pods) in enumerate(sizes):
            others = [*sizes[:at], *sizes[at + 1 :]]
            taken = sum([more * _toll(other, size) for other, more in others], start=pods)
            floor = self._known(size).floor[clusters]
            unsure = np.flatnonzero(floor < taken)
            if len(unsure):
                room = self.room(size, clusters[unsure])
                surely[unsure] &= room >= taken[unsure]
                never[unsure] |= room < pods[unsure]
        return surely, never

    def _known(self, size: Size) -> _Counted:
        counted = self._counted.get(size)
        if counted is None:
            room, level = room_in(self.nodes, size), self._level(size)
            full = not np.count_nonzero(room)
            counted = self._counted[size] = _Counted(room, level, level, room.copy(), self.changes, full)
        elif counted.changes != self.changes and not counted.full:
            counted.now, counted.changes = self._level(size), self.changes
            # What is rounded down in both levels can be one too few for each resource.
            fallen = counted.level - counted.now + len(size.asked)
            floor = np.minimum(counted.room, MOST_PER_NODE) - fallen
            counted.floor = np.where(self._stale(counted), floor, counted.room)
        return counted

    def _level(self, size: Size) -> Numbers:
        """Falls with every pod that is laid, by at least as much as the room does (but for rounding)."""
        # Only differences matter: that sums of enormous amounts wrap around is no harm.
        level = -self.laid
        for resource in size.asked:
            level += self.free[resource] // size.need[resource]
        return level

    def _count(self, size: Size, counted: _Counted, clusters: Numbers) -> None:
        """Count clusters anew of which it is not known."""
        stale = clusters[self._stale(counted)[clusters]]
        if len(stale):
            counted.room[stale] = counted.floor[stale] = room_in(self.nodes, size, stale)
            counted.level[stale] = counted.now[stale]

    def _stale(self, counted: _Counted) -> Mask:
        """Where something was laid since; but there is never more room, so none stays none."""
        stale: Mask = (counted.level != counted.now) & (counted.room > 0)
        return stale


def _toll(laid: Size, size: Size) -> int:
    """The room for a size that a pod of another takes at most."""
    return sum([-(-laid.amounts[resource] // size.amounts[resource]) for resource in size.asked])
