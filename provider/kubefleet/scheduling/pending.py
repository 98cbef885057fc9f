"""Pending pods: what they ask for is gone, though no node holds it yet."""

from collections.abc import Sequence

import numpy as np

from kubefleet.scheduling.nodes import EMPTY, Nodes

_Group = tuple[tuple[int, int], int, list[int]]
"""Kind and mark, number of nodes, free amounts."""


def take_pending(nodes: Nodes, row: int, amounts: Sequence[tuple[int, int]]) -> None:
    """Take amounts (each with its resource before it) from the nodes of a cluster: node after node, those with the most
    free first.
    """
    used = int(nodes.used[row])
    marks = [0] * used if nodes.marks is None else nodes.marks[row, :used].tolist()
    groups: list[_Group] = list(
        zip(
            zip(nodes.kinds[row, :used].tolist(), marks, strict=True),
            nodes.counts[row, :used].tolist(),
            nodes.free[:, row, :used].T.tolist(),
            strict=True,
        )
    )
    for resource, amount in amounts:
        if amount > 0:
            groups = _less(groups, resource, amount)
    nodes.widen(len(groups))
    nodes.kinds[row], nodes.counts[row], nodes.used[row] = EMPTY, 0, len(groups)
    for place, ((kind, mark), count, free) in enumerate(groups):
        nodes.kinds[row, place], nodes.counts[row, place] = kind, count
        if nodes.marks is not None:
            nodes.marks[row, place] = mark
        nodes.free[:, row, place] = np.array(free, dtype=np.int64)
    nodes.measure(np.array([row]))


def _less(groups: Sequence[_Group], resource: int, amount: int) -> list[_Group]:
    left, after = amount, list[_Group]()
    for kind, count, free in sorted(groups, key=lambda group: -group[2][resource]):
        each = free[resource]
        full = min(count, left // each) if each else count
        part = min(each, left - full * each) if full < count else 0
        left -= full * each + part
        one = 1 if part else 0
        for nodes, loss in ((full, each), (one, part), (count - full - one, 0)):
            if nodes:
                lower = [have - loss if r == resource else have for r, have in enumerate(free)]
                after.append((kind, nodes, lower))
    return after
