"""How pods are laid on the nodes of several clusters at once: as the default profile of kube-scheduler would."""

from collections.abc import Sequence

import numpy as np

from kubefleet.scheduling.first_fit import fill
from kubefleet.scheduling.nodes import UNBOUNDED, Nodes, Size, Table
from kubefleet.scheduling.protocols import Numbers

__all__ = ["UNBOUNDED", "lay", "lay_all"]

_MANY_ROUNDS = 4
_NONE_LEFT = -1

Demand = tuple[Size, Numbers]
"""A size, and how many pods of it per given cluster."""


def lay_all(nodes: Nodes, rows: Numbers, demands: Sequence[Demand]) -> Table:
    """Lay pods of several sizes on some clusters, the largest first, changing the nodes; gives per demand (rows) and
    cluster how many pods found none.

    Where the default profile's way leaves a pod out, first fit (decreasing) is tried before giving up.
    """
    if len(demands) == 1:
        size, pods = demands[0]
        return lay(nodes, rows, size, pods)[None, :]
    out = np.zeros((len(demands), len(rows)), dtype=np.int64)
    extents = np.stack([_extents(nodes.of(rows), size) for size, _ in demands])
    orders = np.argsort(-extents, axis=0, kind="stable").T
    for order in np.unique(orders, axis=0):
        mine = np.flatnonzero((orders == order).all(axis=1))
        before = nodes.of(rows[mine])
        for d in order:
            out[d, mine] = lay(nodes, rows[mine], demands[d][0], demands[d][1][mine])
        short = np.flatnonzero(out[:, mine].any(axis=0))
        if len(short):
            packed, packed_out = before.of(short), out[:, mine[short]]
            for d in order:
                packed_out[d] = fill(packed, demands[d][0], demands[d][1][mine[short]])
            better = np.flatnonzero(packed_out.sum(axis=0) < out[:, mine[short]].sum(axis=0))
            out[:, mine[short[better]]] = packed_out[:, better]
            nodes.put(rows[mine[short[better]]], packed.of(better))
    return out


def lay(nodes: Nodes, rows: Numbers, size: Size, pods: Numbers) -> Numbers:
    """Lay pods one by one on some clusters (`pods` on each), changing the nodes; gives how many found none.

    Each goes to the node that is least allocated once it is there, as the default profile scores (`NodeResourcesFit`,
    LeastAllocated over cpu and memory); of equals, to the first. Cost grows with pods / alike nodes, not with pods.
    """
    left = pods.copy()
    open_ = np.flatnonzero(left > 0)
    if len(open_) < len(rows):
        rows = rows[open_]
    ranks = _ranks(nodes.kinds[rows], nodes.free.take(rows, axis=1), size, nodes.whole)
    at = np.arange(len(rows))
    while len(at):
        best = ranks[at].argmax(axis=1)
        fits = ranks[at, best] >= 0
        at, best = at[fits], best[fits]
        row, wanted = rows[at], left[open_[at]]
        counts, kinds, free = nodes.counts[row, best], nodes.kinds[row, best], nodes.free[:, row, best]
        each = np.ones(len(at), dtype=np.int64)
        many = np.flatnonzero(wanted >= _MANY_ROUNDS * counts)
        if len(many):
            bars = _bars(ranks[at[many]], best[many])
            whole = nodes.whole[:, kinds[many]]
            each[many] = _rounds(free[:, many], size, whole, bars, wanted[many] // counts[many])
        touched = np.minimum(counts, wanted)
        after = free - size.need[:, None] * each
        places = nodes.change(row, best, touched, after)
        if ranks.shape[1] < nodes.counts.shape[1]:
            more = nodes.counts.shape[1] - ranks.shape[1]
            ranks = np.pad(ranks, ((0, 0), (0, more)), constant_values=_NONE_LEFT)
        ranks[at, places] = _ranks(kinds, after, size, nodes.whole)
        left[open_[at]] -= touched * each
        at = at[left[open_[at]] > 0]
    return left


def _ranks(kinds: Numbers, free: Table, size: Size, whole: Table) -> Table:
    """What LeastAllocated gives nodes of some kinds with one more pod: the percentages of cpu and memory then free.
    `_NONE_LEFT` where it does not fit.
    """
    fits = size.accepts[kinds]
    for resource in size.asked:
        fits &= free[resource] >= size.need[resource]
    return np.where(fits, _scores(free, size, whole[:, kinds], 1), _NONE_LEFT)


def _scores(free: Table, size: Size, whole: Table, pods: Numbers | int) -> Table:
    """As `_ranks`, with some more pods on each node, fitting or not."""
    total = np.zeros(free.shape[1:], dtype=np.int64)
    for have, need, all_of_it in zip(free, size.need, whole, strict=False):
        total += (have - pods * need) * 100 // all_of_it
    return total


def _bars(ranks: Table, best: Numbers) -> Numbers:
    """The score with which the best group is still the best; of equals the first is. Changes `ranks`."""
    at = np.arange(len(best))
    ranks[at, best] = _NONE_LEFT
    second = ranks.argmax(axis=1)
    bars: Numbers = ranks[at, second] + (second < best)
    return bars


def _rounds(free: Table, size: Size, whole: Table, bars: Numbers, most: Numbers) -> Numbers:
    """How many pods in a row every node of a group gets before another group is better; at least 1."""
    room = most
    for resource in size.asked:
        room = np.minimum(room, free[resource] // size.need[resource])
    low, high = np.ones(len(most), dtype=np.int64), np.maximum(room, 1)
    while (low < high).any():
        middle = (low + high + 1) // 2
        enough = _scores(free, size, whole, middle) >= bars
        low, high = np.where(enough, middle, low), np.where(enough, high, middle - 1)
    return low


def _extents(nodes: Nodes, size: Size) -> Numbers:
    """Per cluster, how large a pod is: its largest share of what an average node has free, in 65,536ths."""
    count = np.maximum(nodes.counts.sum(axis=1), 1)
    average = (nodes.free * nodes.counts).sum(axis=2) // count
    shares: Numbers = ((size.need[:, None] << 16) // np.maximum(average, 1)).max(axis=0)
    return shares
