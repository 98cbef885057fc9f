"""All clusters' nodes in one table, and the room they have for every size that was asked for, kept up to date."""

import numpy as np
from numpy.typing import NDArray

from kubefleet.scheduling.layout import MOST_PER_NODE, Nodes, Size, bounded, per_node
from kubefleet.scheduling.protocols import Numbers


class Grid:
    """Cost of a change grows with the groups that changed × the sizes in use, not with clusters."""

    def __init__(self, nodes: Nodes) -> None:
        self.nodes = nodes
        self.free: NDArray[np.int64] = (nodes.free * nodes.counts).sum(axis=2)
        """Resource × cluster: what all nodes together have free."""
        self._places: dict[int, int] = {}
        self._needs = np.zeros((len(nodes.free), 0), dtype=np.int64)
        self._accepts = np.zeros((0, nodes.whole.shape[1]), dtype=np.bool_)
        self._rooms = np.zeros((0, len(nodes.counts)), dtype=np.int64)

    def room(self, number: int, size: Size) -> Numbers:
        """Per cluster, how many pods of a size its nodes hold. `number` is the size's own."""
        place = self._places.get(number)
        if place is None:
            place = self._places[number] = len(self._rooms)
            room = (per_node(self.nodes, size) * self.nodes.counts).sum(axis=1)
            self._needs = np.concatenate([self._needs, size.need[:, None]], axis=1)
            self._accepts = np.concatenate([self._accepts, size.accepts[None, :]])
            self._rooms = np.concatenate([self._rooms, room[None, :]])
        return bounded(self._rooms[place])

    def change(self, clusters: Numbers, after: Nodes) -> None:
        """Replace the nodes of some clusters. No cluster is named twice."""
        self.nodes.widen(after.counts.shape[1])
        after.widen(self.nodes.counts.shape[1])
        before = self.nodes.of(clusters)
        differs = before.counts != after.counts
        for was, now in zip(before.free, after.free, strict=True):
            differs |= was != now
        rows, groups = np.nonzero(differs)
        if len(rows):
            # Rows come in order: what changed on one cluster is added up first.
            starts = np.flatnonzero(np.diff(rows, prepend=-1))
            whose = clusters[rows[starts]]
            for nodes, sign in ((before, -1), (after, 1)):
                counts = sign * nodes.counts[rows, groups]
                free = nodes.free[:, rows, groups]
                room = self._room_of(nodes.kinds[rows, groups], free)
                self._rooms[:, whose] += np.add.reduceat(room * counts, starts, axis=1)
                self.free[:, whose] += np.add.reduceat(free * counts, starts, axis=1)
        self.nodes.kinds[clusters] = after.kinds
        self.nodes.counts[clusters] = after.counts
        self.nodes.free[:, clusters] = after.free

    def most_free(self, size: Size, clusters: Numbers) -> NDArray[np.int64]:
        """Per resource and given cluster, the most free on one node that accepts the size; −1 where none does."""
        nodes = self.nodes
        accepting = size.accepts[nodes.kinds[clusters]] & (nodes.counts[clusters] > 0)
        most: NDArray[np.int64] = np.where(accepting, nodes.free[:, clusters], -1).max(axis=2)
        return most

    def _room_of(self, kinds: Numbers, free: NDArray[np.int64]) -> NDArray[np.int64]:
        """Sizes × given groups: how many pods one node of the group holds."""
        rooms = np.full((self._needs.shape[1], len(kinds)), MOST_PER_NODE, dtype=np.int64)
        for needs, have in zip(self._needs, free, strict=True):
            each = have[None, :] // np.maximum(needs, 1)[:, None]
            np.minimum(rooms, each, out=rooms, where=needs[:, None] > 0)
        return np.where(self._accepts[:, kinds], rooms, 0)
