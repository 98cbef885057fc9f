"""The compiled inner loops (`_kernel.c`), where they were built when the package was installed.

Where they were not, numpy decides the same, several times as slowly; `built` is None then.
"""

from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kubefleet.scheduling.protocols import Numbers, Scores

if TYPE_CHECKING:
    from kubefleet.scheduling.nodes import Nodes, Size, Table

built: ModuleType | None
try:
    from kubefleet.scheduling import _kernel as built
except ImportError:
    built = None


def lay(loops: ModuleType, nodes: "Nodes", rows: Numbers, size: "Size", pods: Numbers) -> Numbers:
    """As `least_allocated.lay`."""
    left, first = np.array(pods, dtype=np.int64), 0
    while True:
        first = loops.lay(*_table(nodes), size.need, size.accepts, size.loss, rows, left, first)
        if first == len(rows):
            return left
        nodes.widen(nodes.counts.shape[1] * 3 // 2 + 1)


def room(loops: ModuleType, nodes: "Nodes", rows: Numbers, size: "Size") -> Numbers:
    """As `nodes.room_in`."""
    out = np.empty(len(rows), dtype=np.int64)
    loops.room(*_table(nodes), size.need, size.accepts, size.loss, rows, out)
    return out


def most_free(loops: ModuleType, nodes: "Nodes", size: "Size", resource: int) -> Numbers:
    """As `nodes.most_free_in`."""
    out = np.empty(len(nodes.used), dtype=np.int64)
    loops.most(nodes.kinds, nodes.free[resource], nodes.used, size.accepts, out)
    return out


def shares(loops: ModuleType, free: "Table", wholes: "Table", best: Numbers, taken: Numbers, bits: Numbers) -> Scores:
    """As `Ledger.share_free`."""
    out = np.empty(len(best), dtype=np.int8)
    loops.shares(free, wholes, best, taken, bits, out)
    return out


def took(
    loops: ModuleType,
    free: tuple["Table", "Table"],
    laid: tuple[Numbers, Numbers],
    clusters: Numbers,
    need: Numbers,
    pods: Numbers,
    lost: Numbers,
) -> None:
    """As `Rooms.took`: `free` and `laid` as they are and as they were."""
    loops.took(*free, *laid, clusters, need, pods, lost)


def best(loops: ModuleType, totals: Numbers, places: Numbers, number: int) -> Numbers:
    """As `Picked.best`, for a few; totals are of all clusters."""
    out = np.empty(number, dtype=np.int64)
    loops.best(totals, places, out)
    return out


def _table(nodes: "Nodes") -> tuple[NDArray[np.signedinteger[Any]], ...]:
    return nodes.kinds, nodes.counts, nodes.free, nodes.used, nodes.height, nodes.whole
