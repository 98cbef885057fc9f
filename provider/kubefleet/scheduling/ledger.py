"""The ledger: what every cluster still holds while one plan is made. What one placement takes, the next lacks."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from immutabledict import immutabledict

from kubefleet.model.cluster import Cluster
from kubefleet.model.request import PodShape
from kubefleet.model.shape import NodeShape
from kubefleet.model.taint import Effect, Taint
from kubefleet.scheduling.columns import Columns
from kubefleet.scheduling.layout import lay_all
from kubefleet.scheduling.nodes import EMPTY, NONE_AT_ALL, UNBOUNDED, Nodes, Size, room_in
from kubefleet.scheduling.protocols import Mask, Numbers
from kubefleet.scheduling.rooms import Rooms

PODS = "pods"
_SCORED = ("cpu", "memory")
_SHIFTS = (0, 20)
"""Memory is scored in MiB, so that two hundred times the whole stays within 64 bits."""
_MOST_AMOUNT = 2**45
_MOST_NODES = 2**17
"""Larger figures than any machine or cluster has are a lie: they are cut, so that sums stay within 64 bits."""

Demand = tuple[PodShape, Numbers]
"""A size of pods, and how many of them per given cluster."""
_Kind = tuple[immutabledict[str, str], frozenset[Taint], tuple[int, int]]
_Group = tuple[int, int, list[int]]
"""Kind, number of nodes, free amounts."""


class Ledger:
    """Capacity left, cluster by cluster. Room for a pod is what kube-scheduler would bind: Σ over nodes that accept
    it of min over its resources ⌊free/request⌋, pod slots among them.

    `pods` are all pods that the plan will ask about. Clusters of unknown capacity hold everything.
    """

    def __init__(self, columns: Columns, pods: Iterable[PodShape]) -> None:
        shapes = tuple(dict.fromkeys(pods))
        names = sorted({name for pod in shapes for name in pod.requests} - {PODS, *_SCORED})
        # cpu and memory first: of several that are short, the common one is named.
        self.resources = (*_SCORED, *names, PODS)
        self.known: Mask = np.array([cluster.capacity_known for cluster in columns.clusters], dtype=np.bool_)
        kinds: dict[_Kind, int] = {}
        nodes = _table([self._groups(cluster, kinds) for cluster in columns.clusters], kinds, len(self.resources))
        self._sizes = {pod: self._size_of(pod, kinds) for pod in shapes}
        self._nodes = nodes
        self._rooms = Rooms(nodes)
        whole = np.where(nodes.whole < NONE_AT_ALL, nodes.whole, 0)[:, nodes.kinds]
        self._whole = np.minimum((whole * nodes.counts).sum(axis=2), 2**50)

    def room(self, pod: PodShape, clusters: Numbers | None = None) -> Numbers:
        """How many such pods some clusters (without a word all) still hold."""
        if clusters is None:
            clusters = np.arange(len(self.known))
        return np.where(self.known[clusters], self._rooms.room(self._sizes[pod], clusters), UNBOUNDED)

    def room_beside(self, clusters: Numbers, pod: PodShape, others: Sequence[Demand]) -> Numbers:
        """How many such pods each given cluster holds once the others are there."""
        wanted = self._wanted(others)
        if not wanted:
            return self.room(pod, clusters)
        nodes = self._nodes.of(clusters)
        lay_all(nodes, np.arange(len(clusters)), wanted)
        return np.where(self.known[clusters], room_in(nodes, self._sizes[pod]), UNBOUNDED)

    def reaches(self, pod: PodShape, pods: Numbers | int) -> Mask:
        """Whether every cluster still holds so many such pods."""
        return ~self.known | self._rooms.reaches(self._sizes[pod], pods)

    def holds(self, clusters: Numbers, demands: Sequence[Demand]) -> Mask:
        """Whether pods of several sizes fit on each given cluster together."""
        wanted = self._wanted(demands)
        if not wanted:
            return np.ones(len(clusters), dtype=np.bool_)
        out = lay_all(self._nodes.of(clusters), np.arange(len(clusters)), wanted)
        return ~self.known[clusters] | ~out.any(axis=0)

    def take(self, clusters: Numbers, demands: Sequence[Demand]) -> None:
        """Book pods on given clusters, none named twice. Pods that find no node take nothing."""
        known = np.flatnonzero(self.known[clusters])
        wanted = [(size, pods[known]) for size, pods in self._wanted(demands)]
        if len(known) and wanted:
            places = clusters[known]
            out = lay_all(self._nodes, places, wanted)
            for (size, pods), without in zip(wanted, out, strict=True):
                self._rooms.took(places, size, pods - without)

    def most_free(self, pod: PodShape, resource: str, clusters: Numbers) -> Numbers:
        """The most of a resource that one node has free on each given cluster: one that accepts the pod; −1 where
        none does.
        """
        nodes, accepts = self._nodes, self._sizes[pod].accepts
        free = nodes.free[self.resources.index(resource)].take(clusters, axis=0)
        most: Numbers = np.where(accepts[nodes.kinds.take(clusters, axis=0)], free, -1).max(axis=1)
        return most

    def asked(self, pod: PodShape) -> tuple[str, ...]:
        """The resources of which such a pod takes any."""
        return tuple(self.resources[r] for r in self._sizes[pod].asked)

    def need(self, pod: PodShape, resource: str) -> int:
        """What one such pod takes of a resource."""
        return int(self._sizes[pod].need[self.resources.index(resource)])

    def extent(self, pod: PodShape) -> tuple[int, ...]:
        """Puts sizes of pods in an order that is the same for every cluster: by cpu, memory, and what else there is."""
        return tuple(int(amount) for amount in self._sizes[pod].need)

    def share_free(self, demands: Sequence[tuple[PodShape, int]]) -> Numbers:
        """Per cluster the percentage (rounded half up, 0..100) of cpu or memory, the scarcer, that would be free with
        the demands on it; 0 where no node has either, or capacity is not known.
        """
        shares = np.full(len(self.known), 100, dtype=np.int64)
        for r, bits in enumerate(_SHIFTS):
            whole = self._whole[r] >> bits
            wanted = sum(int(self._sizes[pod].need[r]) * pods for pod, pods in demands) >> bits
            free = np.clip((self._rooms.free[r] >> bits) - min(wanted, 2**60), 0, whole)
            np.minimum(shares, (free * 200 + whole) // np.maximum(2 * whole, 1), out=shares, where=whole > 0)
        return np.where(self._whole.any(axis=0), shares, 0)

    def _wanted(self, demands: Sequence[Demand]) -> list[tuple[Size, Numbers]]:
        """Pods by size, without those that nobody wants."""
        return [(self._sizes[pod], np.maximum(pods, 0)) for pod, pods in demands if (pods > 0).any()]

    def _groups(self, cluster: Cluster, kinds: dict[_Kind, int]) -> list[_Group]:
        groups: list[_Group] = []
        left = _MOST_NODES
        for shape in cluster.shapes:
            if not shape.schedulable:
                continue
            cpu, memory = (_cut(shape.allocatable.get(name, 0)) or NONE_AT_ALL for name in _SCORED)
            kind = kinds.setdefault((shape.labels, _refusing(shape), (cpu, memory)), len(kinds))
            for free, count in shape.free:
                if count and left:
                    groups.append((kind, min(count, left), self._free(shape, free)))
                    left -= groups[-1][1]
        for resource, amount in cluster.pending.items():
            if resource in self.resources and amount > 0:
                groups = _less(groups, self.resources.index(resource), amount)
        return groups

    def _free(self, shape: NodeShape, free: Mapping[str, int]) -> list[int]:
        """Amounts in the ledger's order. A node that says nothing of pod slots has no limit of them."""
        unlimited = PODS not in shape.allocatable
        return [_MOST_AMOUNT if name == PODS and unlimited else _cut(free.get(name, 0)) for name in self.resources]

    def _size_of(self, pod: PodShape, kinds: Mapping[_Kind, int]) -> Size:
        # A request beyond what is believed of any node fits none.
        need = [min(max(0, pod.requests.get(name, int(name == PODS))), 2 * _MOST_AMOUNT) for name in self.resources]
        accepts = np.array([*(_accepts(labels, taints, pod) for labels, taints, _ in kinds), False], dtype=np.bool_)
        needs = np.array(need, dtype=np.int64)
        return Size(needs, tuple(np.flatnonzero(needs).tolist()), accepts)


def _cut(amount: int) -> int:
    return min(max(0, amount), _MOST_AMOUNT)


def _table(clusters: Sequence[Sequence[_Group]], kinds: Mapping[_Kind, int], resources: int) -> Nodes:
    """Groups as arrays, with as many free places per cluster as it takes to give all the same number of groups."""
    widest = max([1, *(len(groups) for groups in clusters)])
    nodes = Nodes(
        np.full((len(clusters), widest), EMPTY, dtype=np.int64),
        np.zeros((len(clusters), widest), dtype=np.int64),
        np.zeros((resources, len(clusters), widest), dtype=np.int64),
        np.array([len(groups) for groups in clusters], dtype=np.int64),
        np.array([*(whole for _, _, whole in kinds), (NONE_AT_ALL, NONE_AT_ALL)], dtype=np.int64).T,
    )
    for row, groups in enumerate(clusters):
        if groups:
            nodes.kinds[row, : len(groups)] = [kind for kind, _, _ in groups]
            nodes.counts[row, : len(groups)] = [count for _, count, _ in groups]
            nodes.free[:, row, : len(groups)] = np.array([free for _, _, free in groups]).T
    return nodes


def _less(groups: Sequence[_Group], resource: int, amount: int) -> list[_Group]:
    """Take an amount that no node holds yet (pending pods): node after node, those with the most free first."""
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


def _refusing(shape: NodeShape) -> frozenset[Taint]:
    return frozenset(taint for taint in shape.taints if taint.effect is not Effect.PREFER_NO_SCHEDULE)


def _accepts(labels: Mapping[str, str], taints: frozenset[Taint], pod: PodShape) -> bool:
    """Whether a node with these labels and taints accepts the pod: node selector, required affinity, taints."""
    if any(labels.get(key) != value for key, value in pod.node_selector.items()):
        return False
    if pod.node_affinity and not any(all(expr.matches_labels(labels) for expr in term) for term in pod.node_affinity):
        return False
    return all(any(toleration.tolerates(taint) for toleration in pod.tolerations) for taint in taints)
