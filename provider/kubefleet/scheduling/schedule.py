"""The solve: keep first, then every placement in order of priority, all against one ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from kubefleet.model.decision import Move, Plan, Previous
from kubefleet.model.request import PodShape, Request
from kubefleet.model.snapshot import Snapshot
from kubefleet.scheduling.columns import Columns
from kubefleet.scheduling.cycle import Cycle, Grants
from kubefleet.scheduling.later import with_later
from kubefleet.scheduling.ledger import Ledger
from kubefleet.scheduling.neighbours import Neighbours
from kubefleet.scheduling.options import Options
from kubefleet.scheduling.order import in_order
from kubefleet.scheduling.partners import Partners
from kubefleet.scheduling.place import place
from kubefleet.scheduling.protocols import Numbers
from kubefleet.scheduling.repair import repair
from kubefleet.scheduling.room import Room
from kubefleet.scheduling.rules.prepare import with_rules
from kubefleet.scheduling.standing import standing_of
from kubefleet.scheduling.ties import Ties
from kubefleet.scheduling.together import place_units
from kubefleet.scheduling.uncollected import uncollected

_DEFAULT = Options()


def schedule(
    snapshot: Snapshot,
    requests: Sequence[Request],
    previous: Mapping[str, Previous],
    options: Options = _DEFAULT,
) -> Plan:
    """Decide for all placements together. Pure: the same arguments give the same plan, in whatever order they come.

    `previous` has, by placement, what was decided before; a placement that is not in it has never been decided.
    Everything that stands is booked before anything new is placed, whatever its priority; then new demand goes by
    priority (high first) and name. Where that leaves something unplaced, exchanges among new demand may place more.
    """
    return schedule_and_ask(snapshot, requests, previous, (), options)[0]


def schedule_and_ask(
    snapshot: Snapshot,
    requests: Sequence[Request],
    previous: Mapping[str, Previous],
    asking: Sequence[Request],
    options: Options = _DEFAULT,
) -> tuple[Plan, Room]:
    """As `schedule`, and the room that is left for those that are `asking` when all of it is placed. What these have
    already, by `previous`, is booked.
    """
    with uncollected():
        return _schedule(snapshot, requests, previous, asking, options)


def _keep_apart(columns: Columns) -> bool:
    """Whether what stands anywhere may be an anti-affinity of another stack."""
    return any(booking.apart for cluster in columns.clusters for booking in cluster.bookings)


def _schedule(
    snapshot: Snapshot,
    requests: Sequence[Request],
    previous: Mapping[str, Previous],
    asking: Sequence[Request],
    options: Options,
) -> tuple[Plan, Room]:
    columns = Columns(snapshot)
    ruled = with_rules(columns.clusters, [*requests, *asking])
    asking = ruled[len(requests) :]
    requests = [
        replace(request, divided=None) if request.divided is not None and not request.divides else request
        for request in ruled[: len(requests)]
    ]
    neighbours = None
    if any(request.policy.affinity or request.policy.anti_affinity for request in requests) or _keep_apart(columns):
        neighbours = Neighbours(columns, requests)
    ties = neighbours.ties if neighbours is not None else None
    ordered = in_order(requests, ties)
    stands = [*ordered, *asking]
    cycle = Cycle(columns, Ledger(columns, _pods(columns, stands)), options, neighbours=neighbours)
    _book_what_stands(cycle, stands, previous)
    # What stands waits for new nodes already; what is placed now says which it needs.
    cycle.ledger.needs()
    if neighbours is not None:
        neighbours.begin(_where(cycle, ordered))
    if neighbours is None:
        placed = [place(cycle, request, previous.get(request.name)) for request in ordered]
        if any(decision.unplaced for decision, _ in placed):

            def begin(grants: Grants) -> Cycle:
                again = Cycle(columns, Ledger(columns, _pods(columns, stands)), options, grants)
                _book_what_stands(again, stands, previous)
                return again

            cycle, placed = repair(ordered, previous, (cycle, placed), begin)
    else:
        placed = place_units(Partners(cycle, neighbours), ordered, previous, place)
    decided = with_later(cycle, ordered, previous, [decision for decision, _ in placed])
    decisions = sorted(decided, key=lambda decision: decision.placement)
    plan = Plan(tuple(decisions), _listed([moves for _, moves in placed if moves], ties))
    return plan, Room(cycle, asking)


def _listed(moves: Sequence[Sequence[Move]], ties: Ties | None) -> tuple[Move, ...]:
    """By placement; those of a unit together, in the order in which they were planned."""
    units = ties.units if ties is not None else {}
    planned = {several[0].placement: number for number, several in enumerate(moves)}

    def place_of(move: Move) -> tuple[str, int, str, str]:
        unit = units.get(move.placement, (move.placement,))
        return unit[0], planned[move.placement], move.source, move.destination

    return tuple(sorted((move for several in moves for move in several), key=place_of))


def _pods(columns: Columns, requests: Sequence[Request]) -> list[PodShape]:
    """Every size that the plan will ask about: those of requests, and those of bookings."""
    asked = [workload.pod for request in requests for workload in request.workloads]
    booked = [PodShape(booking.requests) for cluster in columns.clusters for booking in cluster.bookings]
    return [*asked, *booked]


def _book_what_stands(cycle: Cycle, requests: Sequence[Request], previous: Mapping[str, Previous]) -> None:
    """Book previous bindings and bookings of others, less their pods that the snapshot has counted already."""
    standing: dict[int, tuple[PodShape, Numbers]] = {}

    def of_size(pod: PodShape) -> Numbers:
        number = cycle.columns.number(pod)
        if number not in standing:
            standing[number] = pod, np.zeros(len(cycle.columns), dtype=np.int64)
        return standing[number][1]

    mine = {request.uid: request.name for request in requests if request.uid}
    known = {(request.name, workload.key) for request in requests for workload in request.workloads}
    live: dict[tuple[str, str], dict[int, int]] = {}
    for i, cluster in enumerate(cycle.columns.clusters):
        for booking in cluster.bookings:
            key = mine.get(booking.uid, ""), booking.workload
            if key not in known:
                # Another stack's, or of a placement or workload that the program does not have any more.
                of_size(PodShape(booking.requests))[i] += max(0, booking.replicas - booking.live)
                continue
            live.setdefault(key, {})[i] = booking.live
            cycle.held.setdefault(key, {})[i] = max(booking.replicas, booking.live)
    for request in requests:
        there = standing_of(cycle.columns, previous.get(request.name))
        if there is not None:
            cycle.standing[request.name] = there
            if provided := request.provides_namespaces | request.provides_apis:
                cycle.provide(provided, there.places)
        for workload in request.workloads:
            key = request.name, workload.key
            if key in cycle.held:
                held, counted = cycle.held[key], live[key]
                promised = dict(zip(there.places, there.pods(workload.key), strict=True)) if there else {}
                cycle.held[key] = held | {i: max(held.get(i, 0), pods) for i, pods in promised.items()}
                for i, pods in cycle.held[key].items():
                    of_size(workload.pod)[i] += max(0, pods - counted.get(i, 0))
            elif there is not None:
                counts = there.pods(workload.key)
                cycle.held[key] = dict(zip(there.places, counts, strict=True))
                of_size(workload.pod)[there.where] += np.maximum(counts, 0)
    # Large ones first: they have the fewest places to go.
    for demand in sorted(standing.values(), key=lambda some: cycle.ledger.extent(some[0]), reverse=True):
        cycle.ledger.take(cycle.columns.places, [demand])


def _where(cycle: Cycle, requests: Sequence[Request]) -> dict[str, list[int]]:
    """By placement the clusters where it stands: by what was decided, and by what it has booked."""
    found: dict[str, set[int]] = {request.name: set() for request in requests}
    for name, there in cycle.standing.items():
        found[name] |= set(there.places)
    for (name, _), held in cycle.held.items():
        found[name] |= {i for i, pods in held.items() if pods}
    return {name: sorted(places) for name, places in found.items() if places}
