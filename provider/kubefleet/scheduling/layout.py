"""How pods are laid on the nodes of several clusters at once: as the default profile of kube-scheduler would."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kubefleet.scheduling.first_fit import fill
from kubefleet.scheduling.nodes import UNBOUNDED, Nodes, Size, Table
from kubefleet.scheduling.protocols import Numbers

__all__ = ["UNBOUNDED", "lay", "lay_all"]

_MANY_ROUNDS = 4
_NONE_LEFT = -1
_WINDOW = 2
"""What scores of a pod can differ from what they are at most: for each of cpu and memory it is rounded twice."""
_ENORMOUS = 2**30

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
    left, window = pods.copy(), np.full(len(rows), _WINDOW, dtype=np.int64)
    loss = _least_loss(nodes, size)
    at = np.flatnonzero(left > 0)
    while len(at):
        laid, bars = _lay_some(nodes, rows[at], size, left[at], loss, window[at])
        left[at] -= laid
        # Where nothing in the window fits, a wider one is tried; below 0 no node fits.
        window[at] *= np.where(laid > 0, 1, 8)
        at = at[(left[at] > 0) & ((laid > 0) | (bars > 0))]
    return left


def _lay_some(
    nodes: Nodes, rows: Numbers, size: Size, pods: Numbers, loss: NDArray[np.int32], window: Numbers
) -> tuple[Numbers, Numbers]:
    """Lay as many pods as go, one after the other, to nodes that are the best ones now. Gives how many they are, and
    the score below which nobody was looked at: most groups are far below the best.
    """
    most = nodes.height.take(rows, axis=0) - loss.take(nodes.kinds.take(rows, axis=0))
    bars = np.maximum(most.max(axis=1) - window, 0)
    row, group = np.divmod(np.flatnonzero(most >= bars[:, None]), most.shape[1])
    ranks = _ranks(nodes.kinds[rows[row], group], nodes.free[:, rows[row], group], size, nodes.whole)
    sure = np.flatnonzero(ranks >= bars[row])
    # The best of each row first; of equals the first place, as they are now.
    order = sure[np.argsort((row[sure] + 1) * (int(window.max()) + 1) + bars[row[sure]] - ranks[sure], kind="stable")]
    row, group, ranks = row[order], group[order], ranks[order]
    kinds, free = nodes.kinds[rows[row], group], nodes.free[:, rows[row], group]
    counts = nodes.counts[rows[row], group]
    then = _ranks(kinds, free - size.need[:, None], size, nodes.whole)
    columns = row, np.arange(len(row)) - np.searchsorted(row, row)
    shape = len(rows), int(columns[1].max(initial=0)) + 1
    rank_table, group_table, count_table = (_table(shape, columns, values) for values in (ranks, group, counts))
    before = np.cumsum(count_table, axis=1) - count_table
    turns = (rank_table >= 0) & (before < pods[:, None])
    # Its turn comes while none of those before it, with one pod more, is better again; of equals the first place is.
    again = np.maximum.accumulate(_table(shape, columns, then * most.shape[1] - group), axis=1)[:, :-1]
    turns[:, 1:] &= again < (rank_table * most.shape[1] - group_table)[:, 1:]
    turn = np.logical_and.accumulate(turns, axis=1)[columns]
    row, group, kinds, free, counts = row[turn], group[turn], kinds[turn], free[:, turn], counts[turn]
    wanted = (pods[:, None] - before)[columns][turn]
    each = np.ones(len(row), dtype=np.int64)
    many = np.flatnonzero((np.bincount(row, minlength=len(rows))[row] == 1) & (wanted >= _MANY_ROUNDS * counts))
    if len(many):
        second = bars
        if shape[1] > 1:
            second = np.maximum(bars, rank_table[:, 1] + (group_table[:, 1] < group_table[:, 0]))
        whole = nodes.whole[:, kinds[many]]
        each[many] = _rounds(free[:, many], size, whole, second[row[many]], wanted[many] // counts[many])
    touched, after = np.minimum(counts, wanted), free - size.need[:, None] * each
    part = touched < counts
    nodes.change(rows[row[~part]], group[~part], after[:, ~part])
    if part.any():
        nodes.split(rows[row[part]], group[part], touched[part], after[:, part])
    laid = np.zeros(len(rows), dtype=np.int64)
    np.add.at(laid, row, touched * each)
    return laid, bars


def _table(shape: tuple[int, int], places: tuple[Numbers, Numbers], values: Numbers) -> Table:
    table = np.full(shape, _NONE_LEFT, dtype=np.int64)
    table[places] = values
    return table


def _least_loss(nodes: Nodes, size: Size) -> NDArray[np.int32]:
    """By kind, what a pod takes at least off the height of a node; enormous where the kind does not accept it."""
    loss = np.minimum(sum(size.need[r] * 100 // nodes.whole[r] for r in range(len(nodes.whole))), _ENORMOUS)
    return np.where(size.accepts, loss, _ENORMOUS).astype(np.int32)


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
