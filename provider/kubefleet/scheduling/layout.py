"""How pods are laid on the nodes of several clusters at once.

Axes: cluster, group of alike nodes; amounts have the resource before them (numpy is slow along a short last axis). A
group of no nodes is a free place for a new group; a group of kind −1 never had any.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kubefleet.scheduling.protocols import Mask, Numbers

UNBOUNDED = 2**40
"""Stands for room without a limit: for pods without requests, and where a cluster's capacity is not known."""
MOST_PER_NODE = 2**30
"""Room that one node has at most, so that sums over all nodes stay within 64 bits."""
NONE_AT_ALL = 2**62
"""Stands for a whole of nothing where shares of it are counted: they are 0."""
_MANY_ROUNDS = 4
_NONE_LEFT = -1


@dataclass(frozen=True, slots=True, eq=False)
class Size:
    """What one pod takes of a node: `need` in the ledger's order of resources, of which cpu and memory come first,
    `asked` the places of those above zero; and the kinds of nodes that accept it (the last element is that of kind −1:
    none does).
    """

    need: Numbers
    asked: Numbers
    accepts: Mask


@dataclass(slots=True)
class Nodes:
    """Nodes by cluster and group. Of one kind are nodes with the same labels, taints and allocatable amounts; `whole`
    has, by kind, allocatable cpu and memory (`NONE_AT_ALL` for none). Free amounts are never below zero.
    """

    kinds: NDArray[np.int64]
    counts: NDArray[np.int64]
    free: NDArray[np.int64]
    whole: NDArray[np.int64]

    def of(self, clusters: Numbers) -> "Nodes":
        """A copy of some clusters, to lay pods on."""
        return Nodes(self.kinds[clusters], self.counts[clusters], self.free[:, clusters], self.whole)

    def widen(self, groups: int) -> None:
        """Have at least that many groups."""
        more = groups - self.counts.shape[1]
        if more > 0:
            self.kinds = np.pad(self.kinds, ((0, 0), (0, more)), constant_values=-1)
            self.counts = np.pad(self.counts, ((0, 0), (0, more)))
            self.free = np.pad(self.free, ((0, 0), (0, 0), (0, more)))


def rooms_in(free: NDArray[np.int64], size: Size) -> NDArray[np.int64]:
    """How many pods of a size find room in given amounts (the resource is the first axis)."""
    rooms = np.full(free.shape[1:], MOST_PER_NODE, dtype=np.int64)
    for resource in size.asked.tolist():
        np.minimum(rooms, free[resource] // int(size.need[resource]), out=rooms)
    return rooms


def per_node(nodes: Nodes, size: Size) -> NDArray[np.int64]:
    """How many pods of a size one node of every group still holds."""
    return np.where(size.accepts[nodes.kinds], rooms_in(nodes.free, size), 0)


def room_in(nodes: Nodes, size: Size) -> Numbers:
    """Per cluster, how many pods of a size all its nodes still hold."""
    room: Numbers = (per_node(nodes, size) * nodes.counts).sum(axis=1)
    return bounded(room)


def bounded(room: Numbers) -> Numbers:
    """Sums over nodes that hold as many as one likes stand for no limit."""
    return np.where(room >= MOST_PER_NODE, UNBOUNDED, room)


def lay(nodes: Nodes, size: Size, pods: Numbers) -> Numbers:
    """Lay pods one by one (`pods` per cluster), changing the nodes; gives how many found one.

    Each goes to the node that is least allocated once it is there, as the default profile of kube-scheduler scores
    (`NodeResourcesFit`, LeastAllocated over cpu and memory); of equals, to the first. Cost grows with pods / alike
    nodes, not with pods.
    """
    fits = size.accepts[nodes.kinds] & (nodes.counts > 0)
    for resource in size.asked.tolist():
        fits &= nodes.free[resource] >= size.need[resource]
    ranks = np.where(fits, _scores(nodes, size), _NONE_LEFT)
    laid = np.zeros(len(pods), dtype=np.int64)
    for row in np.flatnonzero(pods > 0).tolist():
        laid[row] = _lay_on(nodes, row, ranks[row], size, int(pods[row]))
    return laid


def fill(nodes: Nodes, size: Size, pods: Numbers) -> Numbers:
    """As `lay`, but every node is filled before the next one is touched (first fit)."""
    rooms = per_node(nodes, size)
    laid = np.zeros(len(pods), dtype=np.int64)
    for row in np.flatnonzero(pods > 0).tolist():
        left = int(pods[row])
        for group in np.flatnonzero((rooms[row] > 0) & (nodes.counts[row] > 0)).tolist():
            each, count = int(rooms[row, group]), int(nodes.counts[row, group])
            full = min(count, left // each)
            part = min(each, left - full * each) if full < count else 0
            for touched, amount in ((full, each), (min(part, 1), part)):
                if touched:
                    _take(nodes, row, group, touched, (nodes.free[:, row, group] - amount * size.need).tolist())
            left -= full * each + part
        laid[row] = pods[row] - left
    return laid


def lay_all(nodes: Nodes, demands: Sequence[tuple[Size, Numbers]]) -> Numbers:
    """Lay pods of several sizes (each with its pods per cluster), the largest first, changing the nodes; gives per
    cluster how many pods found none.

    Where the default profile's way leaves a pod out, first fit (decreasing) is tried before giving up.
    """
    if len(demands) == 1:
        size, pods = demands[0]
        return pods - lay(nodes, size, pods)
    out = np.zeros(len(nodes.counts), dtype=np.int64)
    orders = np.argsort(-np.stack([_extents(nodes, size) for size, _ in demands]), axis=0, kind="stable").T
    for order in np.unique(orders, axis=0):
        rows = np.flatnonzero((orders == order).all(axis=1))
        spread, packed = nodes.of(rows), nodes.of(rows)
        out[rows] = sum(demands[d][1][rows] - lay(spread, demands[d][0], demands[d][1][rows]) for d in order)
        _put(nodes, rows, spread)
        short = np.flatnonzero(out[rows])
        if len(short):
            packed = packed.of(short)
            wanted = [(demands[d][0], demands[d][1][rows[short]]) for d in order]
            packed_out = sum(pods - fill(packed, size, pods) for size, pods in wanted)
            better = np.flatnonzero(packed_out < out[rows[short]])
            out[rows[short[better]]] = np.asarray(packed_out)[better]
            _put(nodes, rows[short[better]], packed.of(better))
    return out


def _put(nodes: Nodes, rows: Numbers, changed: Nodes) -> None:
    """Write clusters back, however many groups they have by now."""
    width = max(nodes.counts.shape[1], changed.counts.shape[1])
    nodes.widen(width)
    changed.widen(width)
    nodes.kinds[rows], nodes.counts[rows], nodes.free[:, rows] = changed.kinds, changed.counts, changed.free


def _scores(nodes: Nodes, size: Size) -> NDArray[np.int64]:
    """What LeastAllocated gives nodes with one more pod that fits: the percentages of cpu and memory then free."""
    total = np.zeros(nodes.counts.shape, dtype=np.int64)
    for resource, whole in enumerate(nodes.whole):
        total += (nodes.free[resource] - size.need[resource]) * 100 // whole[nodes.kinds]
    return total


def _lay_on(nodes: Nodes, row: int, ranks: Numbers, size: Size, pods: int) -> int:
    """Lay pods on one cluster; gives how many found a node. `ranks` are scores by group, below 0 where none fits."""
    need, left = size.need.tolist(), pods
    while left:
        best = int(ranks.argmax())
        if ranks[best] < 0:
            break
        count, whole = int(nodes.counts[row, best]), nodes.whole[:, nodes.kinds[row, best]].tolist()
        free = nodes.free[:, row, best].tolist()
        rounds = 1 if left < _MANY_ROUNDS * count else _rounds(free, need, whole, _bar(ranks, best), left // count)
        touched = min(count, left)
        after = [have - rounds * less for have, less in zip(free, need, strict=True)]
        place = _take(nodes, row, best, touched, after)
        if len(ranks) < nodes.counts.shape[1]:
            ranks = np.pad(ranks, (0, nodes.counts.shape[1] - len(ranks)), constant_values=_NONE_LEFT)
        if touched == count:
            ranks[best] = _NONE_LEFT
        fits = all(have >= less for have, less in zip(after, need, strict=True))
        ranks[place] = _score(after, need, whole, 1) if fits else _NONE_LEFT
        left -= touched * rounds
    return pods - left


def _score(free: Sequence[int], need: Sequence[int], whole: Sequence[int], pods: int) -> int:
    """As `_scores`, for one node with some more pods."""
    return sum(
        (have - pods * less) * 100 // all_of_it for have, less, all_of_it in zip(free, need, whole, strict=False)
    )


def _bar(ranks: Numbers, best: int) -> int:
    """The score with which the best group is still the best; of equals the first is."""
    rank, ranks[best] = ranks[best], _NONE_LEFT
    second = int(ranks.argmax())
    bar = int(ranks[second]) + (second < best)
    ranks[best] = rank
    return bar


def _rounds(free: Sequence[int], need: Sequence[int], whole: Sequence[int], bar: int, most: int) -> int:
    """How many pods in a row every node of a group gets before another group is better; at least 1."""
    room = min((have // less for have, less in zip(free, need, strict=True) if less), default=most)
    low, high = 1, max(1, min(most, room))
    while low < high:
        middle = (low + high + 1) // 2
        if _score(free, need, whole, middle) >= bar:
            low = middle
        else:
            high = middle - 1
    return low


def _take(nodes: Nodes, row: int, group: int, touched: int, after: list[int]) -> int:
    """Change what some nodes of a group have free; gives the group in which these are then.

    When it is not all of them they join nodes that are alike, or else take the first free place.
    """
    if touched == nodes.counts[row, group]:
        nodes.free[:, row, group] = after
        return group
    kind = nodes.kinds[row, group]
    nodes.counts[row, group] -= touched
    there = nodes.counts[row] > 0
    alike = there & (nodes.kinds[row] == kind) & (nodes.free[:, row] == np.array(after)[:, None]).all(axis=0)
    place = int(alike.argmax())
    if not alike[place]:
        place = int(there.argmin())
        if there[place]:
            place = len(there)
            nodes.widen(place * 3 // 2 + 1)
        nodes.kinds[row, place], nodes.free[:, row, place] = kind, after
    nodes.counts[row, place] += touched
    return place


def _extents(nodes: Nodes, size: Size) -> Numbers:
    """Per cluster, how large a pod is: its largest share of what an average node has free, in 65,536ths."""
    count = np.maximum(nodes.counts.sum(axis=1), 1)
    average = (nodes.free * nodes.counts).sum(axis=2) // count
    shares: Numbers = ((size.need[:, None] << 16) // np.maximum(average, 1)).max(axis=0)
    return shares
