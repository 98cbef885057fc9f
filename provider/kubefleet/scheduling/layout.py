"""How pods of several sizes are laid on the nodes of several clusters at once: spread, or else packed."""

from collections.abc import Sequence

import numpy as np

from kubefleet.scheduling.aligned import align
from kubefleet.scheduling.first_fit import fill
from kubefleet.scheduling.least_allocated import lay
from kubefleet.scheduling.nodes import EMPTY, UNBOUNDED, Nodes, Size, Table
from kubefleet.scheduling.protocols import Numbers

__all__ = ["UNBOUNDED", "lay_all"]

Demand = tuple[Size, Numbers]
"""A size, and how many pods of it per given cluster."""


def lay_all(nodes: Nodes, rows: Numbers, demands: Sequence[Demand]) -> Table:
    """Lay pods of several sizes on some clusters, the largest first, changing the nodes; gives per demand (rows) and
    cluster how many pods found none.

    Where the default profile's way leaves a pod out, first fit (decreasing) is tried before giving up, and then what
    fills all resources of a node alike.
    """
    if len(demands) == 1:
        size, pods = demands[0]
        return lay(nodes, rows, size, pods)[None, :]
    out = np.zeros((len(demands), len(rows)), dtype=np.int64)
    extents = np.stack([_extents(nodes.of(rows), size) for size, _ in demands])
    # Of equals first what the fewest nodes accept: others find a place elsewhere.
    taking = np.stack([_accepting(nodes, rows, size) for size, _ in demands])
    orders = np.lexsort((taking, -extents), axis=0).T
    for order in np.unique(orders, axis=0):
        mine = np.flatnonzero((orders == order).all(axis=1))
        before = nodes.of(rows[mine])
        for d in order:
            out[d, mine] = lay(nodes, rows[mine], demands[d][0], demands[d][1][mine])
        for again in (_fill_all, _align_all):
            short = np.flatnonzero(out[:, mine].any(axis=0))
            if len(short):
                packed = before.of(short)
                packed_out = again(packed, [(demands[d][0], demands[d][1][mine[short]]) for d in order])
                better = np.flatnonzero(packed_out.sum(axis=0) < out[:, mine[short]].sum(axis=0))
                out[order[:, None], mine[short[better]]] = packed_out[:, better]
                nodes.put(rows[mine[short[better]]], packed.of(better))
    return out


def _fill_all(nodes: Nodes, demands: Sequence[Demand]) -> Table:
    """First fit, one size after the other."""
    return np.stack([fill(nodes, size, pods) for size, pods in demands])


def _align_all(nodes: Nodes, demands: Sequence[Demand]) -> Table:
    """Cluster by cluster: this is for the few on which nothing else worked."""
    out = np.stack([pods for _, pods in demands])
    for row in range(len(nodes.used)):
        used = int(nodes.used[row])
        if not used:
            continue
        free = [tuple(amounts) for amounts in nodes.free[:, row, :used].T.tolist()]
        groups = list(zip(nodes.kinds[row, :used].tolist(), nodes.counts[row, :used].tolist(), free, strict=True))
        wanted = [(tuple(size.need.tolist()), size.accepts.tolist(), int(pods[row])) for size, pods in demands]
        out[:, row], after = align(groups, wanted)
        nodes.widen(len(after))
        marks = None if nodes.marks is None else nodes.marks[row].copy()
        nodes.kinds[row], nodes.counts[row], nodes.used[row] = EMPTY, 0, len(after)
        for place, (of, (kind, count, left)) in enumerate(after):
            nodes.kinds[row, place], nodes.counts[row, place], nodes.free[:, row, place] = kind, count, left
            if nodes.marks is not None and marks is not None:
                nodes.marks[row, place] = marks[of]
        nodes.measure(np.array([row]))
    return out


def _accepting(nodes: Nodes, rows: Numbers, size: Size) -> Numbers:
    """Per cluster, how many nodes accept such a pod, full ones too."""
    accepting: Numbers = (nodes.counts[rows] * size.accepts[nodes.kinds[rows]]).sum(axis=1)
    return accepting


def _extents(nodes: Nodes, size: Size) -> Numbers:
    """Per cluster, how large a pod is: its largest share of what an average node has free, in 65,536ths."""
    count = np.maximum(nodes.counts.sum(axis=1), 1)
    average = (nodes.free * nodes.counts).sum(axis=2) // count
    shares: Numbers = ((size.need[:, None] << 16) // np.maximum(average, 1)).max(axis=0)
    return shares
