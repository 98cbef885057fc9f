"""Nodes that are not there yet: what growing pools may add, laid on only where the nodes that are there have no room.

They are a table of their own, of the clusters that grow only, so that nobody else pays for them. New nodes are filled
one after the other, as autoscalers pack what does not fit: those that somebody has asked for first, then pools with the
least that the pod does not ask for (no GPU node for a web server), by name.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace

import numpy as np
from immutabledict import immutabledict

from kubefleet.model.amounts import NOTHING, Amounts, add, times
from kubefleet.model.cluster import Cluster
from kubefleet.model.request import PodShape
from kubefleet.scheduling.first_fit import fill
from kubefleet.scheduling.node_table import NodeTable
from kubefleet.scheduling.nodes import UNBOUNDED, Nodes, Size, room_in
from kubefleet.scheduling.protocols import Mask, Numbers
from kubefleet.scheduling.rooms import Rooms

UNKNOWN = ""
"""Stands for a pool where it is not known how far a cluster grows."""
_POOL = "\0pool"
"""A label that no node has: it keeps pools with alike nodes apart."""

Needs = dict[int, Counter[str]]
"""By cluster and pool, the nodes to be added; 0 where the new nodes of others suffice. For `UNKNOWN` it counts pods."""
Wanted = Sequence[tuple[Size, Numbers]]
"""Pods by size, per given cluster. The sizes are the ledger's."""


@dataclass(frozen=True, slots=True, eq=False)
class _Kind:
    """Of which pool nodes of one kind are, the resources they have, and what is free on one as long as it is new."""

    pool: str
    resources: frozenset[str]
    whole: Numbers


class NewNodes:
    """Room on nodes to be added. Clusters are numbered as in the ledger; `rows` are those that grow."""

    def __init__(self, clusters: Sequence[Cluster], sizes: Mapping[PodShape, Size]) -> None:
        grow = [i for i, cluster in enumerate(clusters) if grows(cluster)]
        self.rows = np.array(grow, dtype=np.int64)
        self._row_of = np.full(len(clusters), -1, dtype=np.int64)
        self._row_of[self.rows] = np.arange(len(grow))
        self._unlimited: Mask = np.array([bool(clusters[i].growth.unlimited) for i in grow], dtype=np.bool_)
        untouched = NodeTable([_as_cluster(clusters[i], NOTHING) for i in grow], tuple(sizes))
        self._kinds = {
            int(untouched.nodes.kinds[row, group]): _Kind(
                pool.name, frozenset(pool.nodes.allocatable), untouched.nodes.free[:, row, group]
            )
            for row, i in enumerate(grow)
            for group, pool in enumerate(clusters[i].growth.pools[: int(untouched.nodes.used[row])])
        }
        table = NodeTable([_as_cluster(clusters[i], _still_pending(clusters[i])) for i in grow], tuple(sizes))
        self._nodes, self._rooms, self._resources = table.nodes, Rooms(table.nodes), table.resources
        self._sizes = {size: table.size(pod) for pod, size in sizes.items()}
        self._table = table
        self._needs: Needs = {}

    def fork(self, sizes: Mapping[PodShape, Size]) -> "NewNodes":
        """New nodes that begin as these are now and go their own way; they will be asked about the given sizes only."""
        other = copy(self)
        other._nodes = self._nodes.of(np.arange(len(self.rows)))
        other._sizes = {size: self._sizes.get(size) or self._table.size(pod) for pod, size in sizes.items()}
        other._rooms = self._rooms.fork(other._nodes, other._sizes.values())
        other._needs = {}
        return other

    def room(self, size: Size, clusters: Numbers) -> Numbers:
        """How many pods the new nodes of each given cluster hold."""
        at, rows = self._growing(clusters)
        return self._spread_out(len(clusters), at, rows, self._rooms.room(self._sizes[size], rows))

    def room_beside(self, size: Size, clusters: Numbers, others: Wanted) -> Numbers:
        """As `room`, once others are there."""
        at, rows = self._growing(clusters)
        nodes = self._nodes.of(rows)
        for row in range(len(rows)):
            for other, pods in others:
                self._lay(nodes, row, other, int(pods[at[row]]))
        return self._spread_out(len(clusters), at, rows, room_in(nodes, self._sizes[size]))

    def holds(self, clusters: Numbers, demands: Wanted) -> Mask:
        """Whether the new nodes of each given cluster hold all these pods."""
        held: Mask = ~np.any([pods > 0 for _, pods in demands], axis=0)
        for place, row in zip(*self._growing(clusters), strict=True):
            nodes = self._nodes.of(np.array([row]))
            out = [self._lay(nodes, 0, size, int(pods[place])) for size, pods in demands]
            held[place] = bool(self._unlimited[row]) or not any(out)
        return held

    def take(self, clusters: Numbers, demands: Wanted) -> None:
        """Book pods, as far as there is room, and note the nodes that this needs."""
        for place, row in zip(*self._growing(clusters), strict=True):
            for size, pods in demands:
                wanted = int(pods[place])
                if not wanted:
                    continue
                before = self._state(row)
                out = self._lay(self._nodes, row, size, wanted)
                self._rooms.took(np.array([row]), self._sizes[size], np.array([wanted - out]))
                needs = self._needs.setdefault(int(clusters[place]), Counter())
                for pool, (new, slots) in self._state(row).items():
                    if slots != before[pool][1]:
                        needs[pool] += before[pool][0] - new
                if out and self._unlimited[row]:
                    needs[UNKNOWN] += out

    def needs(self) -> Needs:
        """What was booked since the last call."""
        found, self._needs = self._needs, {}
        return found

    def most_free(self, size: Size, resource: str) -> Numbers:
        """By row, the most of a resource that a new node that accepts the pod has free; −1 where there is none."""
        accepts = self._sizes[size].accepts[self._nodes.kinds] & (self._nodes.counts > 0)
        most: Numbers = np.where(accepts, self._nodes.free[self._resources.index(resource)], -1).max(axis=1)
        return most

    def _growing(self, clusters: Numbers) -> tuple[Numbers, Numbers]:
        """Where those among given clusters are that grow, and their rows."""
        rows = self._row_of[clusters]
        at = np.flatnonzero(rows >= 0)
        return at, rows[at]

    def _spread_out(self, clusters: int, at: Numbers, rows: Numbers, room: Numbers) -> Numbers:
        rooms = np.zeros(clusters, dtype=np.int64)
        rooms[at] = np.where(self._unlimited[rows], UNBOUNDED, room)
        return rooms

    def _lay(self, nodes: Nodes, row: int, size: Size, pods: int) -> int:
        """Lay pods on one row; gives how many found no node."""
        if not pods:
            return 0
        which, mine = np.array([row]), self._sizes[size]
        part = nodes.of(which)
        used = int(part.used[0])
        order = np.array(sorted(range(used), key=lambda group: self._turn(part, mine, group)), dtype=np.int64)
        for table in (part.kinds, part.counts, part.height):
            table[0, :used] = table[0, order]
        part.free[:, 0, :used] = part.free[:, 0, order]
        out = int(fill(part, mine, np.array([pods]))[0])
        nodes.put(which, part)
        return out

    def _turn(self, nodes: Nodes, size: Size, group: int) -> tuple[bool, int, str, int]:
        """When a group has its turn."""
        kind = self._kinds[int(nodes.kinds[0, group])]
        asked = {self._resources[resource] for resource in size.asked}
        return _is_new(nodes, 0, group, kind), len(kind.resources - asked), kind.pool, group

    def _state(self, row: int) -> dict[str, tuple[int, int]]:
        """By pool: nodes that are new, and pod slots that are free on all."""
        found: dict[str, tuple[int, int]] = {}
        for group in range(int(self._nodes.used[row])):
            kind, count = self._kinds[int(self._nodes.kinds[row, group])], int(self._nodes.counts[row, group])
            new, slots = found.get(kind.pool, (0, 0))
            new += count if _is_new(self._nodes, row, group, kind) else 0
            found[kind.pool] = new, slots + count * int(self._nodes.free[-1, row, group])
        return found


def grows(cluster: Cluster) -> bool:
    """Whether it may have more nodes than it has."""
    return bool(cluster.growth.pools or cluster.growth.unlimited)


def _is_new(nodes: Nodes, row: int, group: int, kind: _Kind) -> bool:
    return bool((nodes.free[:, row, group] == kind.whole).all())


def _as_cluster(cluster: Cluster, pending: Amounts) -> Cluster:
    shapes = tuple(
        replace(pool.nodes, labels=immutabledict({**pool.nodes.labels, _POOL: pool.name}))
        for pool in cluster.growth.pools
    )
    return Cluster(cluster.name, shapes=shapes, pending=pending)


def _still_pending(cluster: Cluster) -> Amounts:
    """What pods that wait for a node ask for beyond all that is free: that is for new nodes."""
    if not cluster.pending:
        return NOTHING
    shapes = (shape for shape in cluster.shapes if shape.schedulable)
    free = add(*(times(amounts, count) for shape in shapes for amounts, count in shape.free))
    left = {name: amount - max(0, free.get(name, 0)) for name, amount in cluster.pending.items()}
    return immutabledict({name: amount for name, amount in left.items() if amount > 0})
