"""The ledger: what every cluster still holds while one plan is made. What one placement takes, the next lacks."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar, cast

import numpy as np

from kubefleet.model.request import PodShape
from kubefleet.model.shape import NodeShape
from kubefleet.scheduling import kernel
from kubefleet.scheduling.columns import Columns
from kubefleet.scheduling.layout import lay_all
from kubefleet.scheduling.least_allocated import lay
from kubefleet.scheduling.new_nodes import Needs, NewNodes, grows
from kubefleet.scheduling.node_table import PODS, NodeTable, accepted
from kubefleet.scheduling.nodes import MOST_PER_NODE, NONE_AT_ALL, UNBOUNDED, Size, Table, most_free_in, room_in
from kubefleet.scheduling.protocols import Mask, Numbers, Scores
from kubefleet.scheduling.rooms import Rooms
from kubefleet.scheduling.rules.books import Admissions, Limit, RuledBooks

T = TypeVar("T")
_NOT_MADE = object()
_SHIFTS = (0, 20)
_BITS = np.array(_SHIFTS, dtype=np.int64)
"""Memory is scored in MiB, so that two hundred times the whole stays within 64 bits."""

Demand = tuple[PodShape, Numbers]
"""A size of pods, and how many of them per given cluster."""


class Ledger:
    """Capacity left, cluster by cluster. Room for a pod is what kube-scheduler would bind: Σ over nodes that accept
    it of min over its resources ⌊free/request⌋, pod slots among them.

    `pods` are all pods that the plan will ask about. Clusters of unknown capacity hold everything. Room on nodes that
    growing pools may add counts as well, and is taken last; `grown=False` leaves it out. `growing` are such clusters,
    `crowded` those where something that was booked found no node that is there.
    """

    def __init__(self, columns: Columns, pods: Iterable[PodShape]) -> None:
        # Most are one object again and again, and take long to hash.
        shapes = tuple(dict.fromkeys({id(pod): pod for pod in pods}.values()))
        admissions = None
        if any(pod.rules is not None for pod in shapes):
            admissions = Admissions(columns.clusters, shapes)
            shapes = tuple(dict.fromkeys((*shapes, *admissions.pods)))
        table = NodeTable(columns.clusters, shapes)
        self.resources = table.resources
        self._table = table
        self.known: Mask = np.array([cluster.capacity_known for cluster in columns.clusters], dtype=np.bool_)
        self._all_known = bool(self.known.all())
        self._sizes = {pod: table.size(pod) for pod in shapes}
        self._by_id: dict[int, tuple[PodShape, Size]] = {}
        self._nodes = table.nodes
        self._rooms = Rooms(table.nodes)
        self._new = NewNodes(columns.clusters, self._sizes) if any(map(grows, columns.clusters)) else None
        self.growing: Numbers = np.zeros(0, dtype=np.int64) if self._new is None else self._new.rows
        self._ruled = None if admissions is None else RuledBooks(columns.clusters, table, self._rooms, admissions)
        self.crowded: Mask = np.zeros(len(self.known), dtype=np.bool_)
        self._picture: Ledger | None = None
        self._made: dict[Hashable, object] = {}
        self._fixed = False
        whole = np.where(table.nodes.whole < NONE_AT_ALL, table.nodes.whole, 0)[:, table.nodes.kinds]
        whole = np.minimum((whole * table.nodes.counts).sum(axis=2), 2**50)
        self._best_share = np.where(whole.any(axis=0), 100, 0)
        whole = np.ascontiguousarray(whole >> np.array(_SHIFTS)[:, None])
        self._scored, self._twice, self._absent = whole, np.maximum(2 * whole, 1), np.where(whole, 0, 100)

    def room(self, pod: PodShape, clusters: Numbers | None = None, *, grown: bool = True) -> Numbers:
        """How many such pods some clusters (without a word all) still hold."""
        if clusters is None:
            clusters = np.arange(len(self.known))
        if self._ruled is not None and pod.rules is not None:
            return self._room_of_ruled(self._ruled, pod, clusters, grown=grown)
        room = self._rooms.room(self._size(pod), clusters)
        if grown and self._new is not None:
            room = np.minimum(room + self._new.room(self._size(pod), clusters), UNBOUNDED)
        return np.where(self.known[clusters], room, UNBOUNDED)

    def room_bounds(self, pod: PodShape, clusters: Numbers) -> Numbers | None:
        """At least as many pods as `room` has, at a small part of the cost: by what all nodes of a cluster together
        have free. None where more than that decides.
        """
        if self._new is not None or (self._ruled is not None and pod.rules is not None):
            return None
        bounds, size = np.full(len(clusters), UNBOUNDED, dtype=np.int64), self._size(pod)
        for resource in size.asked:
            np.minimum(bounds, self._rooms.free[resource, clusters] // size.need[resource], out=bounds)
        return np.where(self.known[clusters] & (bounds < MOST_PER_NODE), bounds, UNBOUNDED)

    def _room_of_ruled(self, ruled: RuledBooks, pod: PodShape, clusters: Numbers, *, grown: bool) -> Numbers:
        """How rules would hold on nodes that are not there is not known: with them none of these is counted on. Nor are
        they for pods that are others on a cluster.
        """
        room = ruled.room(pod, clusters)
        if grown and self._new is not None and pod.rules is not None and not pod.rules.bind:
            more = np.where(ruled.own(pod, clusters), 0, self._new.room(self._size(pod), clusters))
            room = np.minimum(room + more, ruled.allowed(pod, clusters))
        return room

    def room_beside(self, clusters: Numbers, pod: PodShape, others: Sequence[Demand], *, grown: bool = True) -> Numbers:
        """How many such pods each given cluster holds once the others are there."""
        if self._ruled is not None and _any_ruled(pod, *(other for other, _ in others)):
            there = [(other, pods) for other, pods in self._sorted(others) if (pods > 0).any()]
            if not there:
                return self.room(pod, clusters, grown=grown)
            rows = zip(clusters.tolist(), _by_row(there), strict=True)
            return np.array([self._ruled.room_beside(pod, i, laid) for i, laid in rows], dtype=np.int64)
        wanted = self._wanted(others)
        if not wanted:
            return self.room(pod, clusters, grown=grown)
        nodes = self._nodes.of(clusters)
        out = lay_all(nodes, np.arange(len(clusters)), wanted)
        room = room_in(nodes, self._size(pod))
        if grown and self._new is not None:
            beside = self._new.room_beside(self._size(pod), clusters, _left_over(wanted, out))
            room = np.minimum(room + beside, UNBOUNDED)
        return np.where(self.known[clusters], room, UNBOUNDED)

    def reaches(self, pod: PodShape, pods: Numbers | int) -> Mask:
        """Whether every cluster still holds so many such pods."""
        if self._ruled is not None and pod.rules is not None:
            reached: Mask = self.room(pod) >= pods
            return reached
        enough = ~self.known | self._rooms.reaches(self._size(pod), pods)
        if self._new is not None and not enough.all():
            short = np.flatnonzero(~enough)
            enough = enough.copy()
            enough[short] = self.room(pod, short) >= np.broadcast_to(pods, enough.shape)[short]
        return enough

    def all_hold(self, pod: PodShape, pods: int) -> bool:
        """As `reaches(...).all()`, at hardly any cost where there is plenty. Where not, it may say no too often."""
        if self._ruled is not None and pod.rules is not None:
            return False
        size = self._size(pod)
        return self.once((size, pods), lambda: self._rooms.plenty(size, pods, self.known))

    def holds(self, clusters: Numbers, demands: Sequence[Demand], *, grown: bool = True) -> Mask:
        """Whether pods of several sizes fit on each given cluster together."""
        if self._ruled is not None and _any_ruled(*(pod for pod, _ in demands)):
            rows = zip(clusters.tolist(), _by_row(self._sorted(demands)), strict=True)
            return np.array([self._ruled.holds(i, laid) for i, laid in rows], dtype=np.bool_)
        wanted = self._wanted(demands)
        if not wanted:
            return np.ones(len(clusters), dtype=np.bool_)
        held, never = self._rooms.sure(wanted, clusters)
        held |= ~self.known[clusters]
        grows = grown and self._new is not None
        unsure = np.flatnonzero(~held if grows else ~held & ~never)
        if len(unsure):
            some = [(size, pods[unsure]) for size, pods in wanted]
            out = lay_all(self._nodes.of(clusters[unsure]), np.arange(len(unsure)), some)
            held[unsure] = ~out.any(axis=0)
            if grows and self._new is not None and not held.all():
                held[unsure] |= self._new.holds(clusters[unsure], _left_over(some, out))
        return held

    def take(self, clusters: Numbers, demands: Sequence[Demand]) -> None:
        """Book pods on given clusters, none named twice. Pods that find no node take nothing."""
        if self._fixed:
            return
        if self._ruled is not None:
            if _any_ruled(*(pod for pod, _ in demands)):
                self._take_ruled(self._ruled, clusters, demands)
                return
            self._ruled.changed(clusters)
        self._take(clusters, demands)

    def _take_ruled(self, ruled: RuledBooks, clusters: Numbers, demands: Sequence[Demand]) -> None:
        """One kind of pods after the other, the largest first."""
        self._changed()
        for pod, pods in self._sorted(demands):
            if pod.rules is None:
                ruled.changed(clusters)
                self._take(clusters, [(pod, pods)])
                continue
            for i, count in zip(clusters.tolist(), pods.tolist(), strict=True):
                out = ruled.take(i, pod, count) if count > 0 else 0
                free = pod.rules is not None and not pod.rules.bind and not ruled.is_own(pod, i)
                if out and self._new is not None and free:
                    self._new.take(np.array([i]), [(self._size(pod), np.array([out]))])

    def _take(self, clusters: Numbers, demands: Sequence[Demand]) -> None:
        if len(demands) == 1 and self._all_known:
            # Nearly always: what is asked for below is known.
            ((pod, pods),) = demands
            left = lay(self._nodes, clusters, self._size(pod), pods)
            self._took(clusters, [(self._size(pod), pods)], left[None, :])
            return
        places, wanted = clusters, self._wanted(demands)
        if not self._all_known:
            known = self.known[clusters]
            places, wanted = clusters[known], [(size, pods[known]) for size, pods in wanted]
        if len(places) and wanted:
            self._took(places, wanted, lay_all(self._nodes, places, wanted))

    def _took(self, clusters: Numbers, wanted: Sequence[tuple[Size, Numbers]], out: Table) -> None:
        """Pods were laid, but for those that found no node; what is below 0 of either is nothing."""
        self._changed()
        for (size, pods), without in zip(wanted, out, strict=True):
            self._rooms.took(clusters, size, pods - without)
        if np.count_nonzero(out) and np.count_nonzero(out > 0):
            self.crowded[clusters] |= (out > 0).any(axis=0)
            if self._new is not None:
                self._new.take(clusters, _left_over(wanted, np.maximum(out, 0)))

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, made again only when something was taken since. The caller must not change it."""
        found = self._made.get(key, _NOT_MADE)
        if found is _NOT_MADE:
            found = self._made[key] = make()
        return cast("T", found)

    def _changed(self) -> None:
        self._picture, self._made = None, {}

    def needs(self) -> Needs:
        """The nodes to be added for what was taken since the last call."""
        return {} if self._new is None else self._new.needs()

    def most_free(self, pod: PodShape, resource: str) -> Numbers:
        """The most of a resource that a node that accepts the pod has free, by cluster; −1 where there is none."""

        def make() -> Numbers:
            most = most_free_in(self._nodes, self._size(pod), self.resources.index(resource))
            if self._new is not None:
                most[self.growing] = np.maximum(most[self.growing], self._new.most_free(self._size(pod), resource))
            return most

        return self.once((self._size(pod), resource), make)

    def asked(self, pod: PodShape) -> tuple[str, ...]:
        """The resources of which such a pod takes any."""
        return tuple(self.resources[r] for r in self._size(pod).asked)

    def need(self, pod: PodShape, resource: str) -> int:
        """What one such pod takes of a resource."""
        return self._size(pod).amounts[self.resources.index(resource)]

    def size(self, pod: PodShape) -> Size:
        """What one such pod takes of a node, and which accept it."""
        return self._sizes[pod]

    def node_groups(self, cluster: int) -> list[tuple[int, int, tuple[int, ...]]] | None:
        """The nodes of one cluster: kind, how many, free amounts. None where its capacity is not known."""
        if not self.known[cluster]:
            return None
        used, nodes = int(self._nodes.used[cluster]), self._nodes
        free = [tuple(amounts) for amounts in nodes.free[:, cluster, :used].T.tolist()]
        return list(zip(nodes.kinds[cluster, :used].tolist(), nodes.counts[cluster, :used].tolist(), free, strict=True))

    def extent(self, pod: PodShape) -> tuple[int, ...]:
        """Puts sizes of pods in an order that is the same for every cluster: by cpu, memory, and what else there is."""
        return self._size(pod).amounts

    def room_on_empty(self, pod: PodShape, shape: NodeShape) -> int:
        """How many such pods a node of a cluster's shape holds with nothing else on it."""
        if not (shape.schedulable and accepted(shape, pod)):
            return 0
        size, has = self._size(pod), shape.allocatable
        asked = ((self.resources[r], int(size.need[r])) for r in size.asked)
        # A node that says nothing of pod slots has no limit of them.
        return min((has.get(name, 0) // need for name, need in asked if name != PODS or PODS in has), default=UNBOUNDED)

    def fork(self, pods: Iterable[PodShape], more: Sequence[tuple[int, NodeShape, int]] = ()) -> "Ledger":
        """A ledger that begins as this one is now and goes its own way. It will be asked about the given pods only, new
        ones among them; `more` are empty nodes by cluster, of shapes that the snapshot has there.
        """
        other = _twin(self)
        other._nodes = self._nodes.of(np.arange(len(self.known)))
        sizes = {pod: self._sizes.get(pod) or self._table.size(pod) for pod in pods}
        other._sizes, other._picture, other._made = sizes, None, {}
        other._by_id, other.crowded = {}, self.crowded.copy()
        for cluster, shape, count in more:
            other._nodes.join(cluster, *self._grouped(shape, count))
        other._new = None if self._new is None else self._new.fork(sizes)
        other._rooms = Rooms(other._nodes) if more else self._rooms.fork(other._nodes, sizes.values())
        if self._ruled is not None:
            other._ruled = self._ruled.fork(other._nodes, other._rooms, [cluster for cluster, _, _ in more])
        return other

    def look(self, pods: Iterable[PodShape]) -> "Ledger":
        """As a fork, for one question about one size: what is taken from it changes nothing. Where that is enough it
        saves the copy.
        """
        if self._ruled is not None or self._new is not None:
            return self.fork(pods)
        other = _twin(self)
        other._sizes = {pod: self._sizes.get(pod) or self._table.size(pod) for pod in pods}
        other._by_id, other._picture, other._fixed = {}, None, True
        return other

    def _grouped(self, shape: NodeShape, count: int) -> tuple[int, int, Numbers]:
        kind, free = self._table.empty(shape)
        return kind, count, free

    def picture(self) -> "Ledger":
        """One in which `share_free` stays as it is now. The same object until something is taken."""
        if self._picture is None:
            self._picture = _twin(self)
            self._picture._rooms, self._picture._made = self._rooms.picture(), {}
        return self._picture

    @property
    def pods(self) -> tuple[PodShape, ...]:
        """All pods that it may be asked about."""
        return tuple(self._sizes)

    def share_free(self, demands: Sequence[tuple[PodShape, int]]) -> Scores:
        """Per cluster the percentage (rounded half up, 0..100) of cpu or memory, the scarcer, that would be free with
        the demands on it; 0 where no node has either, or capacity is not known.
        """
        asked = [(self._size(pod).amounts, pods) for pod, pods in demands]
        taken = [min(sum([need[r] * pods for need, pods in asked]) >> bits, 2**60) for r, bits in enumerate(_SHIFTS)]
        if kernel.built is not None:
            off = np.array(taken, dtype=np.int64)
            return kernel.shares(kernel.built, self._rooms.free, self._scored, self._best_share, off, _BITS)
        shares = self._best_share
        for r, bits in enumerate(_SHIFTS):
            free = self._rooms.free[r] >> bits
            free -= taken[r]
            np.maximum(free, 0, out=free)
            np.minimum(free, self._scored[r], out=free)
            # Half up: (200 × free + whole) // (2 × whole); where there is no such resource the other decides.
            free *= 200
            free += self._scored[r]
            free //= self._twice[r]
            free += self._absent[r]
            shares = np.minimum(shares, free)
        return shares

    def limit(self, pod: PodShape, cluster: int) -> Limit | None:
        """What of a pod's rules limits its room on a cluster; None for a pod without any."""
        return None if self._ruled is None or pod.rules is None else self._ruled.limit(pod, cluster)

    def _size(self, pod: PodShape) -> Size:
        """Pods take long to hash and to compare; most are asked about again and again."""
        same = self._by_id.get(id(pod))
        if same is None:
            # The pod is held too, so that no other can have its id.
            same = self._by_id[id(pod)] = pod, self._sizes[pod]
        return same[1]

    def _sorted(self, demands: Sequence[Demand]) -> list[Demand]:
        return sorted(demands, key=lambda demand: self.extent(demand[0]), reverse=True)

    def _wanted(self, demands: Sequence[Demand]) -> list[tuple[Size, Numbers]]:
        """Pods by size, without those that nobody wants."""
        return [(self._size(pod), np.maximum(pods, 0)) for pod, pods in demands if np.count_nonzero(pods > 0)]


def _twin(one: T) -> T:
    """As `copy.copy`, which looks for ways to copy first: that takes ten times as long."""
    other: T = object.__new__(type(one))
    other.__dict__.update(one.__dict__)
    return other


def _left_over(wanted: Sequence[tuple[Size, Numbers]], out: Table) -> list[tuple[Size, Numbers]]:
    """What found no place on the nodes that are there."""
    return [(size, without) for (size, _), without in zip(wanted, out, strict=True)]


def _any_ruled(*pods: PodShape) -> bool:
    return any(pod.rules is not None for pod in pods)


def _by_row(demands: Sequence[Demand]) -> Iterable[list[tuple[PodShape, int]]]:
    """Per given cluster the pods that it should get."""
    rows = zip(*(pods.tolist() for _, pods in demands), strict=True)
    return ([(pod, max(0, count)) for (pod, _), count in zip(demands, row, strict=True)] for row in rows)
