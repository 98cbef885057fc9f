"""How many pods of each size every cluster holds, counted only where nothing cheaper decides.

A pod that is laid on a node takes room for at most Σ over resources ⌈need of the one/need of the other⌉ of another
size. So the room counted once, less that for everything laid since, is a floor; it tells nearly always that there is
enough, at a cost of clusters instead of clusters × groups of nodes.
"""

from dataclasses import dataclass

import numpy as np

from kubefleet.scheduling.nodes import MOST_PER_NODE, Nodes, Size, room_in
from kubefleet.scheduling.protocols import Mask, Numbers


@dataclass(slots=True, eq=False)
class _Counted:
    """Room as it was counted, by cluster, and what `_level` was then."""

    room: Numbers
    level: Numbers


class Rooms:
    """The room of clusters as `nodes` are now. `free` is what all nodes of a cluster together have free, by resource;
    `laid` how many pods were laid since the nodes were read. The owner changes all three.
    """

    def __init__(self, nodes: Nodes) -> None:
        self.nodes = nodes
        self.free = (nodes.free * nodes.counts).sum(axis=2)
        self.laid = np.zeros(len(nodes.counts), dtype=np.int64)
        self._counted: dict[Size, _Counted] = {}

    def took(self, clusters: Numbers, size: Size, pods: Numbers) -> None:
        """So many pods of a size were laid on some clusters."""
        self.laid[clusters] += pods
        # Pictures of the ledger have the amounts as they were.
        self.free = self.free.copy()
        self.free[:, clusters] -= size.need[:, None] * pods

    def room(self, size: Size, clusters: Numbers) -> Numbers:
        """How many pods some clusters hold."""
        counted, level = self._known(size)
        stale = clusters[counted.level[clusters] != level[clusters]]
        self._count(size, counted, level, stale)
        return counted.room[clusters]

    def reaches(self, size: Size, pods: Numbers | int) -> Mask:
        """Whether every cluster holds so many pods."""
        counted, level = self._known(size)
        # What is rounded down in both levels can be one too few for each resource.
        floor = np.minimum(counted.room, MOST_PER_NODE) - (counted.level - level) - len(size.asked)
        unsure = np.flatnonzero(floor < pods)
        if len(unsure):
            self._count(size, counted, level, unsure[counted.level[unsure] != level[unsure]])
            floor[unsure] = counted.room[unsure]
        enough: Mask = floor >= pods
        return enough

    def _known(self, size: Size) -> tuple[_Counted, Numbers]:
        level = self._level(size)
        counted = self._counted.get(size)
        if counted is None:
            counted = self._counted[size] = _Counted(room_in(self.nodes, size), level)
        return counted, level

    def _level(self, size: Size) -> Numbers:
        """Falls with every pod that is laid, by at least as much as the room does (but for rounding)."""
        # Only differences matter: that sums of enormous amounts wrap around is no harm.
        level = -self.laid
        for resource in size.asked:
            level += self.free[resource] // size.need[resource]
        return level

    def _count(self, size: Size, counted: _Counted, level: Numbers, clusters: Numbers) -> None:
        if len(clusters):
            counted.room[clusters] = room_in(self.nodes.of(clusters), size)
            counted.level[clusters] = level[clusters]
