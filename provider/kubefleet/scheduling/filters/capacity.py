"""Capacity: the cluster's nodes have room for what the placement would run there."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kubefleet.model.policy import Fit, PolicyType
from kubefleet.model.reason import Code, Reason, make_reason
from kubefleet.model.request import Request, Workload
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.protocols import Mask, Numbers, Verdict

NAME = "capacity"


class Capacity:
    """Refuses clusters without room for a whole copy; of divided workloads, for one replica (or the minimum) of each.

    A pod that stands there already needs no room. Where `fit` is not `filter` every cluster passes.
    """

    name = NAME
    warns_for = frozenset({PolicyType.PICK_ALL, PolicyType.PICK_FIXED})
    by_policy = False

    def judge(self, cycle: Cycle, request: Request) -> Verdict:
        """Counts room anew whenever the ledger has changed."""
        if request.policy.fit is not Fit.FILTER:
            return cycle.columns.no_refusal
        if len(request.workloads) != 1:
            return self._judge(cycle, request)
        (workload,) = request.workloads
        most = _most_of_all(request, workload)
        if cycle.ledger.all_hold(workload.pod, most):
            return cycle.columns.no_refusal
        if (request.divided is not None and request.divided.min) or cycle.held_of(request, workload):
            return self._judge(cycle, request)
        # Many that find no room are alike.
        key = NAME, cycle.columns.number(workload.pod), workload.key, most
        return cycle.ledger.once(key, lambda: self._judge(cycle, request))

    def _judge(self, cycle: Cycle, request: Request) -> Verdict:
        passed = cycle.columns.everywhere()
        notes: list[_Shortage] = []
        for workload in request.workloads:
            if cycle.ledger.all_hold(workload.pod, _most_of_all(request, workload)):
                continue
            wanted = _least(cycle, request, workload)
            if cycle.ledger.reaches(workload.pod, wanted).all():
                continue
            held = cycle.held_of(request, workload)
            beyond = wanted - cycle.held_by(request, workload, cycle.columns.places) if held else wanted
            fits = cycle.ledger.reaches(workload.pod, beyond)
            if not fits.all():
                passed = passed & fits
                notes.append(_note(cycle, request, workload, np.flatnonzero(~fits), wanted))
        if sum([workload.replicas > 0 for workload in request.workloads]) > 1:
            passed = passed & self._together(cycle, request, passed)
        if passed is cycle.columns.everywhere() or passed.all():
            return cycle.columns.no_refusal
        return Verdict(passed, lambda i: self._reasons(cycle, notes, i))

    def _together(self, cycle: Cycle, request: Request, alone: Mask) -> Mask:
        """Whether all workloads fit at once where each fits alone."""
        places = np.flatnonzero(alone)
        demands = [
            (workload.pod, _least(cycle, request, workload)[places] - cycle.held_by(request, workload, places))
            for workload in request.workloads
        ]
        passed = alone.copy()
        passed[places] = cycle.ledger.holds(places, demands)
        return passed

    def _reasons(self, cycle: Cycle, notes: Sequence["_Shortage"], i: int) -> tuple[Reason, ...]:
        cluster = cycle.columns.names[i]
        found = [note.reason(self.name, cluster, note.rows[i]) for note in notes if i in note.rows]
        if not found:
            found = [make_reason(Code.INSUFFICIENT_CAPACITY, self.name, cluster, short="together")]
        if unread := cycle.columns.clusters[i].growth.unread:
            found.append(make_reason(Code.GROWTH_UNKNOWN, self.name, cluster, why=unread))
        return tuple(found)


@dataclass(frozen=True, eq=False)
class _Shortage:
    """The figures of one workload where it did not fit, as they were when it was judged: by cluster (of `places`) pods
    `wanted`, `room` and what rules limit it, in words; of every resource what one pod needs, and the most that any
    node of these clusters has.
    """

    workload: str
    places: Numbers
    wanted: Numbers
    room: Numbers
    limits: tuple[str, ...]
    needs: tuple[tuple[str, int, Numbers], ...]

    @cached_property
    def rows(self) -> dict[int, int]:
        """Where the figures of a cluster are. Few plans are asked."""
        return {i: row for row, i in enumerate(self.places.tolist())}

    def reason(self, plugin: str, cluster: str, row: int) -> Reason:
        """The first resource of which no node has enough for one pod; else how many pods fit of those wanted."""
        detail: dict[str, int | str] = {"workload": self.workload}
        if self.limits and self.limits[row]:
            detail |= {"pods": int(self.wanted[row]), "room": int(self.room[row]), "limit": self.limits[row]}
            return make_reason(Code.INSUFFICIENT_CAPACITY, plugin, cluster, **detail)
        for resource, need, most in self.needs:
            free = int(most[row])
            if free < 0:
                return make_reason(Code.INSUFFICIENT_CAPACITY, plugin, cluster, short="no-node", **detail)
            if free < need:
                detail |= {"resource": resource, "need": need, "free": free}
                return make_reason(Code.INSUFFICIENT_CAPACITY, plugin, cluster, **detail)
        detail |= {"pods": int(self.wanted[row]), "room": int(self.room[row])}
        return make_reason(Code.INSUFFICIENT_CAPACITY, plugin, cluster, **detail)


def _most_of_all(request: Request, workload: Workload) -> int:
    """Pods that are enough for every cluster to be chosen: `_least` is nowhere more."""
    if request.divided is None or not workload.divisible:
        return workload.replicas
    return max(min(1, workload.replicas), max(request.divided.min.values(), default=0))


def _least(cycle: Cycle, request: Request, workload: Workload) -> Numbers:
    """Pods of a workload that a cluster must be able to have for being chosen."""
    if request.divided is None or not workload.divisible:
        return np.full(len(cycle.columns), workload.replicas, dtype=np.int64)
    least = np.full(len(cycle.columns), min(1, workload.replicas), dtype=np.int64)
    for name, low in request.divided.min.items():
        if name in cycle.columns.index:
            least[cycle.columns.index[name]] = max(min(1, workload.replicas), low)
    return least


def _note(cycle: Cycle, request: Request, workload: Workload, clusters: Numbers, wanted: Numbers) -> _Shortage:
    ledger, pod = cycle.ledger, workload.pod
    needs: list[tuple[str, int, Numbers]] = []
    for resource in ledger.asked(pod):
        need, most = ledger.need(pod, resource), ledger.most_free(pod, resource)[clusters]
        needs.append((resource, need, most))
        if (most < need).all():
            # That is everybody's reason.
            break
    room = cycle.room_for(request, workload, clusters)
    limits = [ledger.limit(pod, i) for i in clusters.tolist()] if pod.rules is not None else []
    words = tuple(limit.why for limit in limits if limit is not None)
    return _Shortage(workload.key, clusters, wanted[clusters], room, words, tuple(needs))
