"""The ledger: what every cluster still holds while one plan is made. What one placement takes, the next lacks."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from immutabledict import immutabledict

from kubefleet.model.amounts import Amounts
from kubefleet.model.cluster import Cluster
from kubefleet.model.request import PodShape
from kubefleet.model.shape import NodeShape
from kubefleet.model.taint import Effect, Taint
from kubefleet.scheduling._grid import Grid
from kubefleet.scheduling.columns import Columns
from kubefleet.scheduling.layout import UNBOUNDED, Nodes, Size, lay_all
from kubefleet.scheduling.protocols import Mask, Numbers

PODS = "pods"
_SCORED = ("cpu", "memory")


class Ledger:
    """Capacity left, cluster by cluster. Room for a pod is what kube-scheduler would bind: Σ over nodes that accept
    it of min over its resources ⌊free/request⌋, pod slots among them.

    `pods` are all pods that the plan will ask about. Clusters of unknown capacity hold everything.
    """

    def __init__(self, columns: Columns, pods: Iterable[PodShape]) -> None:
        shapes = tuple(dict.fromkeys(pods))
        self.resources = tuple(sorted({PODS, *_SCORED, *(name for pod in shapes for name in pod.requests)}))
        self.known: Mask = np.array([cluster.capacity_known for cluster in columns.clusters], dtype=np.bool_)
        self._kinds: dict[tuple[immutabledict[str, str], frozenset[Taint]], int] = {}
        self._nodes = [self._nodes_of(cluster) for cluster in columns.clusters]
        self._sizes = {pod: self._size_of(pod) for pod in shapes}
        self._grid = Grid(self._nodes, len(self.resources))
        self._totals = [
            np.array([self._total(c, name) for c in range(len(columns))], dtype=np.int64) for name in _SCORED
        ]
        for c, cluster in enumerate(columns.clusters):
            self._drain(c, cluster.pending)

    def room(self, pod: PodShape) -> Numbers:
        """How many such pods every cluster still holds. The caller must not change the array."""
        room = self._grid.room(self._sizes[pod])
        return np.where(self.known, room, UNBOUNDED)

    def room_beside(self, cluster: int, pod: PodShape, others: Sequence[tuple[PodShape, int]]) -> int:
        """How many such pods the cluster holds once the others are there."""
        if not self.known[cluster]:
            return UNBOUNDED
        nodes = self._nodes[cluster]
        if others:
            nodes, _ = lay_all(nodes, self._demands(others))
        return min(UNBOUNDED, sum(group.count * self._sizes[pod].per_node(group) for group in nodes))

    def holds(self, cluster: int, demands: Sequence[tuple[PodShape, int]]) -> bool:
        """Whether pods of several sizes fit together."""
        return not self.known[cluster] or lay_all(self._nodes[cluster], self._demands(demands))[1] == 0

    def take(self, cluster: int, demands: Sequence[tuple[PodShape, int]]) -> int:
        """Book pods; gives how many found no node (those take nothing)."""
        wanted = [(pod, pods) for pod, pods in demands if pods > 0]
        if not self.known[cluster] or not wanted:
            return 0
        self._nodes[cluster], out = lay_all(self._nodes[cluster], self._demands(wanted))
        self._grid.change(cluster, self._nodes[cluster])
        return out

    def most_free(self, pod: PodShape, clusters: Numbers) -> tuple[tuple[str, ...], Numbers]:
        """The resources that the pod asks for, and per given cluster (rows) the most that one node accepting the pod
        has free of each (columns); −1 where no node accepts it.
        """
        size = self._sizes[pod]
        asked = [r for r, need in enumerate(size.need) if need]
        # cpu and memory first: of several that are short, the common one is named.
        asked.sort(key=lambda r: (self.resources[r] not in _SCORED, self.resources[r]))
        return tuple(self.resources[r] for r in asked), self._grid.most_free(size, clusters)[:, asked]

    def need(self, pod: PodShape, resource: str) -> int:
        """What one such pod takes of a resource."""
        return self._sizes[pod].need[self.resources.index(resource)]

    def share_free(self, demands: Sequence[tuple[PodShape, int]]) -> Numbers:
        """Per cluster the percentage (rounded half up, 0..100) of cpu or memory, the scarcer, that would be free with
        the demands on it; 0 where capacity is not known.
        """
        shares: list[Numbers] = []
        for name, total in zip(_SCORED, self._totals, strict=True):
            r = self.resources.index(name)
            # Memory in MiB, so that twice the hundredfold stays within 64 bits.
            bits = 20 if name == "memory" else 0
            whole = total >> bits
            wanted = sum(self._sizes[pod].need[r] * pods for pod, pods in demands) >> bits
            free = np.clip((self._grid.total_free(r) >> bits) - wanted, 0, None)
            shares.append(np.where(whole > 0, (free * 200 + whole) // (2 * np.maximum(whole, 1)), 100))
        empty = (self._totals[0] == 0) & (self._totals[1] == 0)
        return np.where(empty, 0, np.clip(np.minimum(*shares), 0, 100)).astype(np.int64)

    def _demands(self, demands: Sequence[tuple[PodShape, int]]) -> list[tuple[Size, int]]:
        return [(self._sizes[pod], pods) for pod, pods in demands]

    def _nodes_of(self, cluster: Cluster) -> tuple[Nodes, ...]:
        groups: list[Nodes] = []
        for shape in cluster.shapes:
            if not shape.schedulable:
                continue
            kind = self._kinds.setdefault((shape.labels, _refusing(shape)), len(self._kinds))
            whole = (shape.allocatable.get("cpu", 0), shape.allocatable.get("memory", 0))
            for free, count in shape.free:
                groups.append(Nodes(kind, count, self._free(shape, free), whole))
        return tuple(groups)

    def _free(self, shape: NodeShape, free: Mapping[str, int]) -> tuple[int, ...]:
        """Amounts in the ledger's order. A node that says nothing of pod slots has no limit of them."""
        unlimited = PODS not in shape.allocatable
        return tuple(UNBOUNDED if name == PODS and unlimited else max(0, free.get(name, 0)) for name in self.resources)

    def _size_of(self, pod: PodShape) -> Size:
        need = tuple(pod.requests.get(name, 1 if name == PODS else 0) for name in self.resources)
        kinds = [kind for (labels, taints), kind in self._kinds.items() if _accepts(labels, taints, pod)]
        return Size(need, frozenset(kinds), (self.resources.index("cpu"), self.resources.index("memory")))

    def _total(self, cluster: int, resource: str) -> int:
        place = _SCORED.index(resource)
        return sum(group.count * group.whole[place] for group in self._nodes[cluster])

    def _drain(self, cluster: int, amounts: Amounts) -> None:
        """Take amounts that no node holds yet (pending pods): node after node, those with the most free first."""
        for resource, amount in amounts.items():
            if resource not in self.resources or amount <= 0:
                continue
            r, left, after = self.resources.index(resource), amount, list[Nodes]()
            for group in sorted(self._nodes[cluster], key=lambda group: -group.free[r]):
                if left <= 0 or group.free[r] <= 0 or group.free[r] >= UNBOUNDED:
                    after.append(group)
                    continue
                full = min(group.count, left // group.free[r])
                part = min(group.free[r], left - full * group.free[r]) if full < group.count else 0
                after += _with_less(group, r, full, part)
                left -= full * group.free[r] + part
            self._nodes[cluster] = tuple(after)
        if amounts:
            self._grid.change(cluster, self._nodes[cluster])


def _with_less(group: Nodes, resource: int, full: int, part: int) -> list[Nodes]:
    """A group of which `full` nodes lose all of a resource, and one more loses `part` of it."""
    pieces = []
    one = 1 if part else 0
    for count, loss in ((full, group.free[resource]), (one, part), (group.count - full - one, 0)):
        if count:
            free = tuple(have - loss if r == resource else have for r, have in enumerate(group.free))
            pieces.append(Nodes(group.kind, count, free, group.whole))
    return pieces


def _refusing(shape: NodeShape) -> frozenset[Taint]:
    return frozenset(taint for taint in shape.taints if taint.effect is not Effect.PREFER_NO_SCHEDULE)


def _accepts(labels: Mapping[str, str], taints: frozenset[Taint], pod: PodShape) -> bool:
    """Whether a node with these labels and taints accepts the pod: node selector, required affinity, taints."""
    if any(labels.get(key) != value for key, value in pod.node_selector.items()):
        return False
    if pod.node_affinity and not any(all(expr.matches_labels(labels) for expr in term) for term in pod.node_affinity):
        return False
    return all(any(toleration.tolerates(taint) for toleration in pod.tolerations) for taint in taints)
