"""First fit: every node is filled before the next one is touched."""

import numpy as np

from kubefleet.scheduling.nodes import Nodes, Size, rooms_in
from kubefleet.scheduling.protocols import Numbers


def fill(nodes: Nodes, size: Size, pods: Numbers) -> Numbers:
    """Lay pods (per cluster), changing the nodes; gives how many found none. Cost grows with the groups touched: this
    is for the few clusters on which spreading the pods failed.
    """
    rooms = np.where(size.accepts[nodes.kinds], rooms_in(nodes.free, size), 0)
    out = pods.copy()
    for row in np.flatnonzero(pods > 0).tolist():
        left = int(pods[row])
        for group in np.flatnonzero(rooms[row]).tolist():
            each, count = int(rooms[row, group]), int(nodes.counts[row, group])
            full = min(count, left // each)
            part = min(each, left - full * each) if full < count else 0
            for touched, amount in ((full, each), (min(part, 1), part)):
                after = nodes.free[:, [row], group] - amount * size.need[:, None]
                if touched == int(nodes.counts[row, group]):
                    nodes.change(nodes.spots(np.array([row]), np.array([group])), after)
                elif touched:
                    nodes.split(np.array([row]), np.array([group]), np.array([touched]), after)
            left -= full * each + part
        out[row] = left
    return out
