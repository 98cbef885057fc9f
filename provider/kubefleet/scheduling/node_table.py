"""The nodes of a snapshot's clusters as one table, and sizes of pods against it."""

from collections.abc import Mapping, Sequence
from itertools import chain
from operator import itemgetter

import numpy as np

from kubefleet.model.cluster import Cluster
from kubefleet.model.request import PodShape
from kubefleet.model.shape import NodeShape
from kubefleet.model.standing import EMPTY_NODE, Standing
from kubefleet.model.taint import Effect, Taint
from kubefleet.scheduling.nodes import EMPTY, FINE, NEVER, NONE_AT_ALL, Nodes, Size, Table
from kubefleet.scheduling.pending import take_pending
from kubefleet.scheduling.protocols import Numbers

PODS = "pods"
SCORED = ("cpu", "memory")
_MOST_AMOUNT = 2**45
_MOST_NODES = 2**17
"""Larger figures than any machine or cluster has are a lie: they are cut, so that sums stay within 64 bits."""


class NodeTable:
    """Every cluster's schedulable nodes, less what its pending pods will take. `resources` is the order of amounts: cpu
    and memory first (of several that are short the common one is named), pod slots last. `kinds` has one node of each
    kind; `standing` what stands on nodes of each mark, given where a pod has rules that look at it.
    """

    def __init__(self, clusters: Sequence[Cluster], pods: Sequence[PodShape]) -> None:
        self.resources = (*SCORED, *sorted({name for pod in pods for name in pod.requests} - {PODS, *SCORED}), PODS)
        shapes = [(row, shape) for row, cluster in enumerate(clusters) for shape in cluster.shapes if shape.schedulable]
        self._numbers: dict[object, int] = {}
        self._written: dict[object, tuple[int, bool, bool]] = {}
        self.kinds: list[NodeShape] = []
        self.standing: dict[Standing, int] = {EMPTY_NODE: 0}
        read = [self._read(shape) for _, shape in shapes]
        lengths = np.array([len(shape.free) for _, shape in shapes], dtype=np.int64)
        counts = _whole_numbers([count for _, shape in shapes for _, count in shape.free])
        rows = np.repeat(_whole_numbers([row for row, _ in shapes]), lengths)
        unlimited = np.repeat(np.array([unlimited for _, unlimited, _ in read], dtype=np.bool_), lengths)
        free = self._free([(shape, has_all) for (_, shape), (_, _, has_all) in zip(shapes, read, strict=True)])
        # A node that says nothing of pod slots has no limit of them.
        free[-1, unlimited] = _MOST_AMOUNT
        counts = _within(counts, rows)
        by_kind = np.array([*map(_whole, self.kinds), (NONE_AT_ALL, NONE_AT_ALL)], dtype=np.int64)
        whole = np.ascontiguousarray(by_kind.T)
        marks = None
        if any(pod.rules is not None for pod in pods):
            marks = _whole_numbers(list(chain.from_iterable(self._marks(shape) for _, shape in shapes)))
        kinds_of_groups = np.repeat(_whole_numbers([kind for kind, _, _ in read]), lengths)
        self.nodes = _by_cluster(len(clusters), rows, kinds_of_groups, counts, free, whole, marks)
        for row, cluster in enumerate(clusters):
            if cluster.pending:
                at = {name: resource for resource, name in enumerate(self.resources)}
                take_pending(self.nodes, row, [(at[name], n) for name, n in cluster.pending.items() if name in at])

    def size(self, pod: PodShape) -> Size:
        """What one such pod takes, and which kinds of nodes accept it."""
        # A request beyond what is believed of any node fits none.
        need = [min(max(0, pod.requests.get(name, int(name == PODS))), 2 * _MOST_AMOUNT) for name in self.resources]
        accepts = [accepted(shape, pod) for shape in self.kinds]
        asked = tuple(resource for resource, amount in enumerate(need) if amount)
        accepting = np.array([*accepts, False], dtype=np.bool_)
        loss = np.minimum(sum(need[r] * (100 << FINE) // self.nodes.whole[r] for r in range(len(SCORED))), NEVER)
        losses = np.where(accepting, loss, NEVER).astype(np.int32)
        return Size(np.array(need, dtype=np.int64), tuple(need), asked, accepting, losses)

    def empty(self, shape: NodeShape) -> tuple[int, Numbers]:
        """Kind and free amounts of a node of a shape in the snapshot, with nothing on it."""
        free = _whole_numbers([shape.allocatable.get(name, 0) for name in self.resources])
        if PODS not in shape.allocatable:
            free[-1] = _MOST_AMOUNT
        return self._numbers[_key(shape)], free

    def _marks(self, shape: NodeShape) -> list[int]:
        if not shape.standing:
            return [0] * len(shape.free)
        return [self.standing.setdefault(standing, len(self.standing)) for standing in shape.standing]

    def _free(self, shapes: Sequence[tuple[NodeShape, bool]]) -> Table:
        """Resource × group: free amounts, shape by shape; of each it is said whether it has all resources."""
        names, of_all, amounts = self.resources, itemgetter(*self.resources), list[int]()
        nothing = (0,) * len(names)
        for shape, has_all in shapes:
            for some, _ in shape.free:
                # There are tens of thousands: to ask for all at once is twice as fast.
                try:
                    amounts += of_all(some) if has_all else map(some.get, names, nothing)
                except KeyError:
                    amounts += map(some.get, names, nothing)
        return np.ascontiguousarray(_whole_numbers(amounts).reshape(-1, len(names)).T)

    def _read(self, shape: NodeShape) -> tuple[int, bool, bool]:
        """The kind of its nodes, whether they have no limit of pods, and whether they have all resources. Of thousands
        of shapes of a fleet most are written alike: these are read once.
        """
        written = tuple(shape.labels.items()), shape.taints, tuple(shape.allocatable.items())
        found = self._written.get(written)
        if found is None:
            number = self._numbers.setdefault(_key(shape), len(self.kinds))
            if number == len(self.kinds):
                self.kinds.append(shape)
            has = shape.allocatable
            found = self._written[written] = number, PODS not in has, all(name in has for name in self.resources)
        return found


def _key(shape: NodeShape) -> object:
    """Equal for nodes of one kind."""
    return frozenset(shape.labels.items()), refusing(shape), _whole(shape)


def _whole_numbers(amounts: Sequence[int]) -> Numbers:
    """As an array, without what nobody believes."""
    try:
        return np.clip(np.array(amounts, dtype=np.int64), 0, _MOST_AMOUNT)
    except OverflowError:
        return np.array([min(max(0, amount), _MOST_AMOUNT) for amount in amounts], dtype=np.int64)


def _within(counts: Numbers, rows: Numbers) -> Numbers:
    """Numbers of nodes by group, as far as their cluster does not have too many of them."""
    before = np.cumsum(counts) - counts
    first = np.searchsorted(rows, rows)
    allowed: Numbers = np.clip(_MOST_NODES - (before - before[first]), 0, counts)
    return allowed


def _by_cluster(
    clusters: int, rows: Numbers, kinds: Numbers, counts: Numbers, free: Table, whole: Table, marks: Numbers | None
) -> Nodes:
    """Groups (sorted by cluster) as a table with as many places for each cluster as the widest needs."""
    there = counts > 0
    rows, kinds, counts, free = rows[there], kinds[there], counts[there], free[:, there]
    used = np.bincount(rows, minlength=clusters)
    places = np.arange(len(rows)) - np.searchsorted(rows, rows)
    shape = clusters, max(1, int(used.max(initial=0)))
    nodes = Nodes(
        np.full(shape, EMPTY, dtype=np.int32),
        np.zeros(shape, dtype=np.int64),
        np.zeros((len(free), *shape), dtype=np.int64),
        used,
        whole,
        np.zeros(shape, dtype=np.int32),
        None if marks is None else np.zeros(shape, dtype=np.int64),
    )
    nodes.kinds[rows, places], nodes.counts[rows, places] = kinds, counts
    if nodes.marks is not None and marks is not None:
        nodes.marks[rows, places] = marks[there]
    nodes.change(nodes.spots(rows, places), free)
    return nodes


def _whole(shape: NodeShape) -> tuple[int, ...]:
    amounts = dict(shape.allocatable.items())
    return tuple([min(max(0, amounts.get(name, 0)), _MOST_AMOUNT) or NONE_AT_ALL for name in SCORED])


def refusing(shape: NodeShape) -> frozenset[Taint]:
    """Taints that keep pods away which do not tolerate them."""
    return frozenset([taint for taint in shape.taints if taint.effect is not Effect.PREFER_NO_SCHEDULE])


def accepted(shape: NodeShape, pod: PodShape) -> bool:
    """Whether a node accepts the pod: node selector, required affinity, taints."""
    return selected(shape.labels, pod) and tolerated(refusing(shape), pod)


def selected(labels: Mapping[str, str], pod: PodShape) -> bool:
    """Whether node selector and required node affinity are about a node with these labels."""
    if any(labels.get(key) != value for key, value in pod.node_selector.items()):
        return False
    return not pod.node_affinity or any(all(expr.matches_labels(labels) for expr in term) for term in pod.node_affinity)


def tolerated(taints: frozenset[Taint], pod: PodShape) -> bool:
    """Whether the pod tolerates all these taints."""
    return all(any(toleration.tolerates(taint) for toleration in pod.tolerations) for taint in taints)
