"""Capacity: the cluster's nodes have room for what the placement would run there."""

from collections.abc import Sequence

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

    def judge(self, cycle: Cycle, request: Request) -> Verdict:
        """Counts room anew for every request: the ledger has changed."""
        if request.policy.fit is not Fit.FILTER:
            return Verdict(cycle.columns.everywhere(), lambda _: ())
        passed = cycle.columns.everywhere()
        notes: list[_Shortage] = []
        for workload in request.workloads:
            wanted = _least(cycle, request, workload)
            room = cycle.room_for(request, workload)
            fits: Mask = room >= wanted
            if not fits.all():
                passed = passed & fits
                notes.append(_note(cycle, workload, np.flatnonzero(~fits), wanted, room))
        if sum(workload.replicas > 0 for workload in request.workloads) > 1:
            passed = passed & self._together(cycle, request, passed)
        return Verdict(passed, lambda i: self._reasons(cycle, notes, i))

    def _together(self, cycle: Cycle, request: Request, alone: Mask) -> Mask:
        """Whether all workloads fit at once where each fits alone."""
        places = np.flatnonzero(alone)
        demands = [
            (workload.pod, (_least(cycle, request, workload) - cycle.held_by(request, workload))[places])
            for workload in request.workloads
        ]
        passed = alone.copy()
        passed[places] = cycle.ledger.holds(places, demands)
        return passed

    def _reasons(self, cycle: Cycle, notes: Sequence["_Shortage"], i: int) -> tuple[Reason, ...]:
        cluster = cycle.columns.names[i]
        found = [note.reason(self.name, cluster, i) for note in notes if i in note.places]
        return tuple(found) or (make_reason(Code.INSUFFICIENT_CAPACITY, self.name, cluster, short="together"),)


class _Shortage:
    """The figures of one workload where it did not fit, as they were when it was judged."""

    def __init__(
        self, workload: str, clusters: Numbers, wanted: Numbers, room: Numbers, need: dict[str, int], most: Numbers
    ) -> None:
        self.places = {i: row for row, i in enumerate(clusters.tolist())}
        self.workload, self.wanted, self.room = workload, wanted[clusters], room[clusters]
        self.need, self.most = need, most

    def reason(self, plugin: str, cluster: str, i: int) -> Reason:
        """The first resource of which no node has enough for one pod; else how many pods fit of those wanted."""
        row = self.places[i]
        detail: dict[str, int | str] = {"workload": self.workload}
        for which, (resource, need) in enumerate(self.need.items()):
            free = int(self.most[which, row])
            if free < 0:
                return make_reason(Code.INSUFFICIENT_CAPACITY, plugin, cluster, short="no-node", **detail)
            if free < need:
                detail |= {"resource": resource, "need": need, "free": free}
                return make_reason(Code.INSUFFICIENT_CAPACITY, plugin, cluster, **detail)
        detail |= {"pods": int(self.wanted[row]), "room": int(self.room[row])}
        return make_reason(Code.INSUFFICIENT_CAPACITY, plugin, cluster, **detail)


def _least(cycle: Cycle, request: Request, workload: Workload) -> Numbers:
    """Pods of a workload that a cluster must be able to have for being chosen."""
    if request.divided is None or not workload.divisible:
        return np.full(len(cycle.columns), workload.replicas, dtype=np.int64)
    least = np.full(len(cycle.columns), min(1, workload.replicas), dtype=np.int64)
    for name, low in request.divided.min.items():
        if name in cycle.columns.index:
            least[cycle.columns.index[name]] = max(min(1, workload.replicas), low)
    return least


def _note(cycle: Cycle, workload: Workload, clusters: Numbers, wanted: Numbers, room: Numbers) -> _Shortage:
    resources, most = cycle.ledger.most_free(workload.pod, clusters)
    need = {resource: cycle.ledger.need(workload.pod, resource) for resource in resources}
    return _Shortage(workload.key, clusters, wanted, room, need, most)
