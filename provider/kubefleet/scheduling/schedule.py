"""The solve: keep first, then every placement in order of priority, all against one ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from kubefleet.model.decision import Move, Plan, Previous
from kubefleet.model.request import PodShape, Request
from kubefleet.model.snapshot import Snapshot
from kubefleet.scheduling.columns import Columns
from kubefleet.scheduling.cycle import Cycle, Grants
from kubefleet.scheduling.held import book_what_stands, where_held
from kubefleet.scheduling.later import with_later
from kubefleet.scheduling.ledger import Ledger
from kubefleet.scheduling.neighbours import Neighbours
from kubefleet.scheduling.options import Options
from kubefleet.scheduling.order import in_order
from kubefleet.scheduling.partners import Partners
from kubefleet.scheduling.place import place
from kubefleet.scheduling.repair import repair
from kubefleet.scheduling.room import Room
from kubefleet.scheduling.rules.prepare import with_rules
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
    book_what_stands(cycle, stands, previous)
    # What stands waits for new nodes already; what is placed now says which it needs.
    cycle.ledger.needs()
    if neighbours is not None:
        neighbours.begin(where_held(cycle, [request for request in ordered if neighbours.counts(request.name)]))
    if neighbours is None:
        placed = [place(cycle, request, previous.get(request.name)) for request in ordered]
        if any(decision.unplaced for decision, _ in placed):

            def begin(grants: Grants) -> Cycle:
                again = Cycle(columns, Ledger(columns, _pods(columns, stands)), options, grants)
                book_what_stands(again, stands, previous)
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
