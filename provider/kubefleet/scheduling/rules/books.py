"""The ledger's books for pods with rules: room on every cluster, and what stands there after pods were laid."""

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np

from kubefleet.model.cluster import Cluster
from kubefleet.model.pod_rules import PodOn, PodRules
from kubefleet.model.request import PodShape
from kubefleet.model.shape import NodeShape
from kubefleet.model.standing import EMPTY_NODE, Surroundings
from kubefleet.scheduling.node_table import NodeTable
from kubefleet.scheduling.nodes import EMPTY, UNBOUNDED, Nodes
from kubefleet.scheduling.protocols import Mask, Numbers
from kubefleet.scheduling.rooms import Rooms
from kubefleet.scheduling.rules.admission import Admitted, admit, as_on
from kubefleet.scheduling.rules.ground import Ground, View
from kubefleet.scheduling.rules.marks import Marks
from kubefleet.scheduling.rules.play import Play
from kubefleet.scheduling.rules.quotas import Quotas
from kubefleet.scheduling.rules.room import Room, least_allocated, room_on

Demand = tuple[PodShape, Numbers]
_NOTHING_SAID = Surroundings()
_OVERRIDDEN = "as it is overridden there"


class Admissions:
    """What every cluster's API server makes of every pod with rules; most clusters make the same of it."""

    def __init__(self, clusters: Sequence[Cluster], pods: Iterable[PodShape]) -> None:
        self._clusters = clusters
        self._found: dict[tuple[PodShape, Surroundings | None, PodOn | None], Admitted] = {}
        self.pods = dict.fromkeys(
            self.of(pod, i).pod for pod in pods if pod.rules is not None for i in range(len(clusters))
        )
        """All pods as schedulers will see them."""

    def of(self, pod: PodShape, i: int) -> Admitted:
        """The pod on one cluster."""
        surroundings, rules = self._clusters[i].surroundings, pod.rules or PodRules()
        own = rules.on.get(self._clusters[i].name)
        key = pod, surroundings, own
        if key not in self._found:
            there = pod if own is None else as_on(pod, own)
            self._found[key] = admit(there, there.rules or rules, surroundings)
        return self._found[key]


@dataclass(frozen=True, slots=True)
class Limit:
    """Room on one cluster, and in words what else than amounts limits it, if anything; and what makes it an estimate
    there.
    """

    pods: int
    why: str = ""
    unsure: tuple[str, ...] = ()


class RuledBooks:
    """Works on the ledger's own table of nodes, so that pods without rules see what these take, and the other way
    round.
    """

    def __init__(self, clusters: Sequence[Cluster], table: NodeTable, rooms: Rooms, admissions: Admissions) -> None:
        self._clusters, self._table, self._rooms, self._admissions = clusters, table, rooms, admissions
        self._marks = Marks(table.standing)
        self._quotas = Quotas(clusters)
        self._whole = [tuple(amounts) for amounts in table.nodes.whole.T.tolist()]
        self._views: dict[PodShape, View] = {}
        self._versions = [0] * len(clusters)
        self._counted: dict[tuple[PodShape, int], tuple[int, Limit]] = {}
        self._idle = [self._closed(cluster) for cluster in clusters]
        marks = table.nodes.marks
        self._looked_at = [
            bool(idle) or (marks is not None and bool(marks[i].any())) for i, idle in enumerate(self._idle)
        ]

    def fork(self, nodes: Nodes, rooms: Rooms, other_than: Iterable[int]) -> "RuledBooks":
        """Books that begin as these are now, on a copy of the nodes that differs on some clusters, and go their way."""
        other = copy(self)
        other._table, other._rooms, other._quotas = copy(self._table), rooms, self._quotas.fork()
        other._table.nodes = nodes
        other._versions, other._looked_at, other._counted = [*self._versions], [*self._looked_at], dict(self._counted)
        for i in other_than:
            other._versions[i] += 1
        return other

    def changed(self, clusters: Numbers) -> None:
        """Something was laid on clusters."""
        for i in clusters.tolist():
            self._versions[i] += 1

    def room(self, pod: PodShape, clusters: Numbers) -> Numbers:
        """How many such pods some clusters still hold."""
        return np.array([self.limit(pod, i).pods for i in clusters.tolist()], dtype=np.int64)

    def allowed(self, pod: PodShape, clusters: Numbers) -> Numbers:
        """How many such pods API servers would still let in."""
        found = []
        for i in clusters.tolist():
            admitted, rules = self._admissions.of(pod, i), pod.rules or PodRules()
            found.append(0 if admitted.refused else self._quotas.room(i, rules, admitted)[0])
        return np.array(found, dtype=np.int64)

    def limit(self, pod: PodShape, i: int) -> Limit:
        """Room on one cluster, and why."""
        found = self._counted.get((pod, i))
        if found is None or found[0] != self._versions[i]:
            found = self._counted[pod, i] = self._versions[i], self._limit(pod, i)
        return found[1]

    def room_beside(self, pod: PodShape, i: int, others: Sequence[tuple[PodShape, int]]) -> int:
        """Room on one cluster once others are there."""
        ground, out = self._laid(self._ground(i), i, others)
        left = min([self._quota_room(pod, i, others), *self._quota_rooms(i, others)])
        return 0 if any(out) or left < 0 else min(left, self._room(pod, i, ground).pods)

    def holds(self, i: int, demands: Sequence[tuple[PodShape, int]]) -> bool:
        """Whether pods of several kinds fit on one cluster together."""
        enough = all(room >= 0 for room in self._quota_rooms(i, demands))
        return enough and not any(self._laid(self._ground(i), i, demands)[1])

    def take(self, i: int, pod: PodShape, pods: int) -> int:
        """Lay pods on one cluster, as the default profile does; gives how many were let in and found no node."""
        admitted = self._admissions.of(pod, i)
        if admitted.refused or pod.rules is None:
            return 0
        ground, view = self._ground(i), self._view(admitted.pod)
        wanted = min(pods, self._quotas.room(i, pod.rules, admitted)[0])
        self._quotas.take(i, pod.rules, admitted, wanted)
        self._versions[i] += 1
        if not self._clusters[i].capacity_known:
            return 0
        play = Play(ground, view)
        bound = play.bind(wanted, least_allocated(view, self._whole))
        if bound:
            self._write(i, play)
            self._looked_at[i] = True
            self._rooms.took(np.array([i]), view.size, np.array([bound]))
        return wanted - bound

    def _limit(self, pod: PodShape, i: int) -> Limit:
        admitted, rules = self._admissions.of(pod, i), pod.rules or PodRules()
        if admitted.refused:
            return Limit(0, admitted.refused)
        allowed, by = self._quotas.room(i, rules, admitted)
        if not self._clusters[i].capacity_known:
            return Limit(allowed, by)
        size = self._view(admitted.pod).size
        plain = int(self._rooms.room(size, np.array([i]))[0])
        decides = plain > 0 and (rules.bind or self._looked_at[i])
        found = self._room(pod, i, self._ground(i)) if decides else Room(plain)
        unsure = (found.unsure,) if found.unsure else ()
        if allowed < found.pods:
            return Limit(allowed, by, unsure)
        if self.is_own(pod, i):
            return Limit(found.pods, _OVERRIDDEN, unsure)
        return Limit(found.pods, _words(rules) if found.pods < plain else "", unsure)

    def own(self, pod: PodShape, clusters: Numbers) -> Mask:
        """Where it is not what it is elsewhere."""
        return np.array([self.is_own(pod, i) for i in clusters.tolist()], dtype=np.bool_)

    def is_own(self, pod: PodShape, i: int) -> bool:
        """The same of one cluster."""
        return pod.rules is not None and self._clusters[i].name in pod.rules.on

    def _room(self, pod: PodShape, i: int, ground: Ground) -> Room:
        admitted = self._admissions.of(pod, i)
        if admitted.refused:
            return Room(0)
        if not self._clusters[i].capacity_known:
            return Room(UNBOUNDED)
        return room_on(ground, self._view(admitted.pod), self._whole)

    def _laid(self, ground: Ground, i: int, demands: Sequence[tuple[PodShape, int]]) -> tuple[Ground, list[int]]:
        """The ground after pods of several kinds, and how many of each found no node."""
        out = []
        for pod, pods in demands:
            admitted = self._admissions.of(pod, i)
            if admitted.refused or not self._clusters[i].capacity_known:
                out.append(pods if admitted.refused else 0)
                continue
            view = self._view(admitted.pod)
            play = Play(ground, view)
            out.append(pods - play.bind(pods, least_allocated(view, self._whole)))
            ground = Ground(play.groups, ground.idle, ground.kinds, ground.namespaces, ground.marks)
        return ground, out

    def _quota_room(self, pod: PodShape, i: int, others: Sequence[tuple[PodShape, int]]) -> int:
        """Pods that quotas let in, less those of others that count against the same (each as one of these)."""
        if pod.rules is None:
            return UNBOUNDED
        admitted = self._admissions.of(pod, i)
        room = self._quotas.room(i, pod.rules, admitted)[0]
        if room == UNBOUNDED:
            return room
        quotas = self._quotas.copy(i)
        for other, pods in others:
            if other.rules is not None:
                quotas.take(i, other.rules, self._admissions.of(other, i), pods)
        return quotas.room(i, pod.rules, admitted)[0]

    def _quota_rooms(self, i: int, demands: Sequence[tuple[PodShape, int]]) -> list[int]:
        """Per kind of pods, what quotas would leave of its room after all that come before it; below zero for none."""
        quotas, left = self._quotas.copy(i), []
        for pod, pods in demands:
            if pod.rules is None:
                continue
            admitted = self._admissions.of(pod, i)
            left.append(quotas.room(i, pod.rules, admitted)[0] - pods)
            quotas.take(i, pod.rules, admitted, pods)
        return left

    def _ground(self, i: int) -> Ground:
        nodes = self._table.nodes
        used = int(nodes.used[i])
        marks = [0] * used if nodes.marks is None else nodes.marks[i, :used].tolist()
        groups: dict[tuple[int, int, tuple[int, ...]], int] = {}
        rows = zip(
            nodes.kinds[i, :used].tolist(),
            marks,
            nodes.free[:, i, :used].T.tolist(),
            nodes.counts[i, :used].tolist(),
            strict=True,
        )
        for kind, mark, free, count in rows:
            if kind != EMPTY and count:
                group = kind, mark, tuple(free)
                groups[group] = groups.get(group, 0) + count
        surroundings = self._clusters[i].surroundings or _NOTHING_SAID
        return Ground(groups, self._idle[i], self._table.kinds, surroundings.namespace_labels, self._marks)

    def _write(self, i: int, play: Play) -> None:
        """Nodes as they are after a play."""
        nodes = self._table.nodes
        nodes.widen(len(play.groups))
        nodes.kinds[i], nodes.counts[i], nodes.used[i] = EMPTY, 0, len(play.groups)
        if nodes.marks is not None:
            nodes.marks[i] = 0
        for place, ((kind, mark, free), count) in enumerate(play.groups.items()):
            nodes.kinds[i, place], nodes.counts[i, place] = kind, count
            nodes.free[:, i, place] = np.array(free, dtype=np.int64)
            if nodes.marks is not None:
                nodes.marks[i, place] = mark
        nodes.measure(np.array([i]))

    def _closed(self, cluster: Cluster) -> list[tuple[NodeShape, int, int]]:
        """Nodes that take nothing, by what stands on them."""
        return [
            (shape, self._marks.of(standing), count)
            for shape in cluster.shapes
            if not shape.schedulable
            for (_, count), standing in zip(shape.free, shape.standing or [EMPTY_NODE] * len(shape.free), strict=True)
        ]

    def _view(self, pod: PodShape) -> View:
        if pod not in self._views:
            self._views[pod] = View(pod, self._table.size(pod))
        return self._views[pod]


def _words(rules: PodRules) -> str:
    """What rules there are that may keep a pod from a node with room."""
    there = (
        ("pod affinity", rules.affinity),
        ("pod anti-affinity", rules.anti_affinity),
        ("topology spread of its pods", rules.spread),
        ("host ports", rules.host_ports),
    )
    return ", ".join(word for word, terms in there if terms) or "pod anti-affinity of others"
