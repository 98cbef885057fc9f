"""The ledger's nodes as arrays over all clusters, so that room is counted for all of them at once.

Axes: cluster, group of alike nodes (padded with groups of no nodes), resource.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kubefleet.scheduling.layout import UNBOUNDED, Nodes, Size
from kubefleet.scheduling.protocols import Numbers


class Grid:
    """Groups of nodes of every cluster. Room is counted again only where something changed since."""

    def __init__(self, nodes: Sequence[Sequence[Nodes]], resources: int) -> None:
        widest = max((len(groups) for groups in nodes), default=0)
        self._counts = np.zeros((len(nodes), widest), dtype=np.int64)
        self._kinds = np.full((len(nodes), widest), -1, dtype=np.int64)
        self._free = np.zeros((len(nodes), widest, resources), dtype=np.int64)
        self._total = np.zeros((len(nodes), resources), dtype=np.int64)
        self._log: list[int] = []
        self._rooms: dict[Size, tuple[Numbers, int]] = {}
        self._widest_kind = max((group.kind for groups in nodes for group in groups), default=-1)
        for cluster, groups in enumerate(nodes):
            self._write(cluster, groups)

    def change(self, cluster: int, groups: Sequence[Nodes]) -> None:
        """Replace the nodes of one cluster."""
        if len(groups) > self._counts.shape[1]:
            more = len(groups)  # as wide again: splits come in series
            self._counts = np.pad(self._counts, ((0, 0), (0, more)))
            self._kinds = np.pad(self._kinds, ((0, 0), (0, more)), constant_values=-1)
            self._free = np.pad(self._free, ((0, 0), (0, more), (0, 0)))
        self._write(cluster, groups)
        self._log.append(cluster)

    def room(self, size: Size) -> Numbers:
        """Per cluster, how many pods of a size its nodes hold, at most `UNBOUNDED`."""
        room, seen = self._rooms.get(size, (None, 0))
        if room is None:
            room = self._count(size, np.arange(len(self._counts)))
        elif seen < len(self._log):
            changed = np.unique(np.array(self._log[seen:], dtype=np.int64))
            room = room.copy()
            room[changed] = self._count(size, changed)
        self._rooms[size] = (room, len(self._log))
        return room

    def most_free(self, size: Size, clusters: Numbers) -> NDArray[np.int64]:
        """Per given cluster and resource, the most free on one node that accepts the size; −1 where none does."""
        accepting = self._accepting(size, clusters)
        free = np.where(accepting[:, :, None], self._free[clusters], -1)
        if free.shape[1] == 0:
            return np.full((len(clusters), free.shape[2]), -1, dtype=np.int64)
        most: NDArray[np.int64] = free.max(axis=1)
        return most

    def total_free(self, resource: int) -> Numbers:
        """Per cluster, what all its nodes together have free."""
        total: Numbers = self._total[:, resource]
        return total

    def _write(self, cluster: int, groups: Sequence[Nodes]) -> None:
        width = len(groups)
        self._counts[cluster, width:] = 0
        self._kinds[cluster, width:] = -1
        self._free[cluster, width:] = 0
        if width:
            self._counts[cluster, :width] = [group.count for group in groups]
            self._kinds[cluster, :width] = [group.kind for group in groups]
            self._free[cluster, :width] = [group.free for group in groups]
        self._total[cluster] = (self._free[cluster] * self._counts[cluster][:, None]).sum(axis=0)

    def _accepting(self, size: Size, clusters: Numbers) -> NDArray[np.bool_]:
        # The last place of the table is that of padding, kind −1.
        table = np.zeros(self._widest_kind + 2, dtype=np.bool_)
        table[list(size.kinds)] = True
        accepting: NDArray[np.bool_] = table[self._kinds[clusters]]
        return accepting

    def _count(self, size: Size, clusters: Numbers) -> Numbers:
        free = self._free[clusters]
        rooms = np.full(free.shape[:2], UNBOUNDED, dtype=np.int64)
        for resource, need in enumerate(size.need):
            if need:
                rooms = np.minimum(rooms, free[:, :, resource] // need)
        rooms = np.where(self._accepting(size, clusters), np.maximum(rooms, 0), 0) * self._counts[clusters]
        counted: Numbers = np.minimum(rooms.sum(axis=1), UNBOUNDED)
        return counted
