"""Least allocated: pods are laid as the default profile of kube-scheduler scores nodes (`NodeResourcesFit`,
LeastAllocated over cpu and memory), on several clusters at once.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kubefleet.scheduling import kernel
from kubefleet.scheduling.nodes import FINE, Nodes, Size, Table
from kubefleet.scheduling.protocols import Numbers

_MANY_ROUNDS = 4
_NONE_LEFT = -1
_WINDOW = 2
"""By so much the score of a pod can be below what it is at most: for each of cpu and memory it is rounded twice."""


def lay(nodes: Nodes, rows: Numbers, size: Size, pods: Numbers) -> Numbers:
    """Lay pods one by one on some clusters (`pods` on each), changing the nodes; gives how many found none.

    Each goes to the node that is least allocated once it is there; of equals, to the first. Cost grows with pods /
    alike nodes, not with pods.
    """
    if kernel.built is None:
        return _lay(nodes, rows, size, pods)
    if nodes.marks is None or not (marked := nodes.marks[rows].any(axis=1)).any():
        return kernel.lay(kernel.built, nodes, rows, size, pods)
    # The compiled loops know nothing of marks.
    out = np.empty(len(rows), dtype=np.int64)
    out[marked] = _lay(nodes, rows[marked], size, pods[marked])
    out[~marked] = kernel.lay(kernel.built, nodes, rows[~marked], size, pods[~marked])
    return out


def _lay(nodes: Nodes, rows: Numbers, size: Size, pods: Numbers) -> Numbers:
    """As `lay`, by numpy alone."""
    left, window = pods.copy(), np.full(len(rows), _WINDOW, dtype=np.int64)
    at = np.flatnonzero(left > 0)
    while len(at):
        laid, bars = _lay_some(nodes, rows[at], size, left[at], window[at])
        left[at] -= laid
        # Where nothing in the window fits, a wider one is tried; below 0 no node fits.
        window[at] *= np.where(laid > 0, 1, 8)
        at = at[(left[at] > 0) & ((laid > 0) | (bars > 0))]
    return left


@dataclass(frozen=True, slots=True, eq=False)
class _Front:
    """The groups that come first, by row of what is laid on: the best first, of equals the first place. `nth` counts
    from 0 in each row; `bars` are the scores, by row, below which no group was looked at.
    """

    row: Numbers
    nth: Numbers
    group: Numbers
    kind: NDArray[np.int32]
    free: Table
    rank: Numbers
    bars: Numbers

    def table(self, values: Numbers) -> Table:
        """Row × nth; `_NONE_LEFT` where a row has no more."""
        table = np.full((len(self.bars), int(self.nth.max(initial=0)) + 1), _NONE_LEFT, dtype=np.int64)
        table[self.row, self.nth] = values
        return table


def _front(nodes: Nodes, rows: Numbers, size: Size, window: Numbers) -> _Front:
    """Only groups that may come within the window below the best are scored: most are far below."""
    most = (nodes.height.take(rows, axis=0) - size.loss.take(nodes.kinds.take(rows, axis=0))) >> FINE
    bars = np.maximum(most.max(axis=1) - window, 0)
    row, group = np.divmod(np.flatnonzero(most >= bars[:, None]), most.shape[1])
    spots = nodes.spots(rows[row], group)
    kind, free = nodes.kinds.take(spots), nodes.free_at(spots)
    rank = _ranks(kind, free, size, nodes.whole)
    # They are sorted by place already; above the bar they are by no more than the window.
    above = rank - bars[row]
    sure = np.flatnonzero(above >= 0)
    order = sure[np.argsort((row[sure] + 1) * (int(window.max()) + 1) - above[sure], kind="stable")]
    row = row[sure]
    nth = np.arange(len(row)) - np.searchsorted(row, row)
    return _Front(row, nth, group[order], kind[order], free.take(order, axis=1), rank[order], bars)


def _lay_some(nodes: Nodes, rows: Numbers, size: Size, pods: Numbers, window: Numbers) -> tuple[Numbers, Numbers]:
    """Lay as many pods as go, one after the other, to nodes that come first now. Gives how many they are, and the score
    below which nobody was looked at.
    """
    front, width = _front(nodes, rows, size, window), nodes.counts.shape[1]
    counts, after = nodes.counts.take(nodes.spots(rows[front.row], front.group)), front.free - size.need[:, None]
    then = _ranks(front.kind, after, size, nodes.whole)
    wanted = front.table(pods[front.row] + counts) - np.cumsum(front.table(counts), axis=1)
    # Its turn comes while none of those before it, with one pod more, is better again; of equals the first place is.
    turns = wanted > 0
    again = np.maximum.accumulate(front.table(then * width - front.group), axis=1)[:, :-1]
    turns[:, 1:] &= again < front.table(front.rank * width - front.group)[:, 1:]
    turn = np.flatnonzero(np.logical_and.accumulate(turns, axis=1)[front.row, front.nth])
    row, group, after, counts = front.row[turn], front.group[turn], after.take(turn, axis=1), counts[turn]
    left = wanted[row, front.nth[turn]]
    each = np.ones(len(row), dtype=np.int64)
    many = np.flatnonzero(left >= _MANY_ROUNDS * counts)
    many = many[np.bincount(row, minlength=len(rows))[row[many]] == 1]
    if len(many):
        which = turn[many]
        whole = nodes.whole[:, front.kind[which]]
        most = left[many] // counts[many]
        each[many] = _rounds(front.free[:, which], size, whole, _bars(front)[row[many]], most)
        after -= size.need[:, None] * (each - 1)
    touched = np.minimum(counts, left)
    all_, part = np.flatnonzero(touched == counts), np.flatnonzero(touched < counts)
    if len(all_):
        nodes.change(nodes.spots(rows[row[all_]], group[all_]), after[:, all_])
    if len(part):
        nodes.split(rows[row[part]], group[part], touched[part], after[:, part])
    laid = np.zeros(len(rows), dtype=np.int64)
    np.add.at(laid, row, touched * each)
    return laid, front.bars


def _bars(front: _Front) -> Numbers:
    """The score with which the first group of each row is still the first."""
    rank, group = front.table(front.rank), front.table(front.group)
    if rank.shape[1] == 1:
        return front.bars
    bars: Numbers = np.maximum(front.bars, rank[:, 1] + (group[:, 1] < group[:, 0]))
    return bars


def _ranks(kinds: NDArray[np.int32], free: Table, size: Size, whole: Table) -> Table:
    """What LeastAllocated gives nodes of some kinds with one more pod: the percentages of cpu and memory then free.
    `_NONE_LEFT` where it does not fit.
    """
    fits = size.accepts.take(kinds)
    for resource in size.asked:
        fits &= free[resource] >= size.need[resource]
    return np.where(fits, _scores(free, size, whole.take(kinds, axis=1), 1), _NONE_LEFT)


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
