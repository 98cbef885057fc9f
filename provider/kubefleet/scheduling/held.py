"""What placements hold before a plan: by what was decided before, and by what they have booked."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from kubefleet.model.decision import Previous
from kubefleet.model.request import PodShape, Request
from kubefleet.scheduling.columns import Columns
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.protocols import Numbers
from kubefleet.scheduling.standing import Standing, Standings

_Held = dict[tuple[str, str], dict[int, int]]
"""By placement and workload, pods by cluster."""
_MANY = 32
"""On more clusters than that what stands alike is added as an array."""


@dataclass(slots=True)
class _Pods:
    """Pods of one size: `total` by cluster, and some more on each `where`, which are added up last, all at once."""

    pod: PodShape
    total: Numbers
    where: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)


class _Demand:
    """Pods to be booked, by size. Most placements are on few clusters, a few on nearly all."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._sizes: dict[int, _Pods] = {}

    def _of(self, pod: PodShape) -> _Pods:
        number = self._columns.number(pod)
        if number not in self._sizes:
            self._sizes[number] = _Pods(pod, np.zeros(len(self._columns), dtype=np.int64))
        return self._sizes[number]

    def add(self, pod: PodShape, clusters: Collection[int], pods: Collection[int]) -> None:
        """Some pods on each of some clusters; fewer than none are none."""
        size = self._of(pod)
        size.where.extend(clusters)
        size.counts.extend(pods)

    def stand(self, pod: PodShape, there: Standing, key: str) -> None:
        """What stands of one workload."""
        size = self._of(pod)
        if there.alike is not None and len(there.places) > _MANY:
            size.total[there.where] += max(0, there.alike.get(key, 0))
        else:
            size.where.extend(there.places)
            size.counts.extend(there.pods(key))

    def totals(self) -> list[tuple[PodShape, Numbers]]:
        """By size, pods of all clusters."""
        for size in self._sizes.values():
            where, counts = np.array(size.where, dtype=np.int64), np.array(size.counts, dtype=np.int64)
            np.add.at(size.total, where, np.maximum(counts, 0))
        return [(size.pod, size.total) for size in self._sizes.values()]


def book_what_stands(cycle: Cycle, requests: Sequence[Request], previous: Mapping[str, Previous]) -> None:
    """Book previous bindings and bookings of others, less their pods that the snapshot has counted already."""
    demand, standings = _Demand(cycle.columns), Standings(cycle.columns)
    live = _read_bookings(cycle, requests, demand)
    for request in requests:
        there = standings.of(previous.get(request.name))
        if there is not None:
            cycle.standing[request.name] = there
            if provided := request.provides_namespaces | request.provides_apis:
                cycle.provide(provided, there.places)
        for workload in request.workloads:
            if live and (key := (request.name, workload.key)) in live:
                held, promised = cycle.held[key], there.held(workload.key) if there is not None else {}
                cycle.held[key] = held | {i: max(held.get(i, 0), pods) for i, pods in promised.items()}
                beyond = {i: pods - live[key].get(i, 0) for i, pods in cycle.held[key].items()}
                demand.add(workload.pod, beyond, beyond.values())
            elif there is not None:
                demand.stand(workload.pod, there, workload.key)
    # Large ones first: they have the fewest places to go.
    for some in sorted(demand.totals(), key=lambda some: cycle.ledger.extent(some[0]), reverse=True):
        cycle.ledger.take(cycle.columns.places, [some])


def _read_bookings(cycle: Cycle, requests: Sequence[Request], demand: _Demand) -> _Held:
    """Those of the plan's own placements become what these hold, and give their pods that the snapshot has counted;
    another stack's, or of a placement or workload that the program does not have any more, are only booked.
    """
    live: _Held = {}
    booked = [(i, booking) for i, cluster in enumerate(cycle.columns.clusters) for booking in cluster.bookings]
    mine = {request.uid: request.name for request in requests if request.uid} if booked else {}
    known = {(request.name, workload.key) for request in requests for workload in request.workloads} if booked else ()
    for i, booking in booked:
        key = mine.get(booking.uid, ""), booking.workload
        if key in known:
            live.setdefault(key, {})[i] = booking.live
            cycle.held.setdefault(key, {})[i] = max(booking.replicas, booking.live)
        else:
            demand.add(PodShape(booking.requests), (i,), (booking.replicas - booking.live,))
    return live


def where_held(cycle: Cycle, requests: Sequence[Request]) -> dict[str, list[int]]:
    """By placement the clusters where it stands, if anywhere: by what was decided, and by what it has booked."""
    found: dict[str, list[int]] = {}
    for request in requests:
        there = cycle.standing.get(request.name)
        places = set(there.places) if there is not None else set()
        for workload in request.workloads:
            held = cycle.held.get((request.name, workload.key), {})
            places |= {i for i, pods in held.items() if pods}
        if places:
            found[request.name] = sorted(places)
    return found
