"""The solve: keep first, then every placement in order of priority, all against one ledger."""

from collections.abc import Mapping, Sequence

from kubefleet.model.decision import Decision, Move, Plan, Previous
from kubefleet.model.request import PodShape, Request
from kubefleet.model.snapshot import Snapshot
from kubefleet.scheduling.columns import Columns
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.ledger import Ledger
from kubefleet.scheduling.options import Options
from kubefleet.scheduling.place import place

_DEFAULT = Options()


def schedule(
    snapshot: Snapshot,
    requests: Sequence[Request],
    previous: Mapping[str, Previous],
    options: Options = _DEFAULT,
) -> Plan:
    """Decide for all placements together. Pure: the same arguments give the same plan, in whatever order they come.

    `previous` has, by placement, what was decided before. Everything that stands is booked before anything new is
    placed, whatever its priority; then new demand goes by priority (high first) and name. Placements whose
    namespaces or APIs another placement of the same priority brings come after it.
    """
    columns = Columns(snapshot)
    ordered = _in_order(requests)
    cycle = Cycle(columns, Ledger(columns, _pods(columns, ordered)), options)
    _book_what_stands(cycle, ordered, previous)
    decisions: list[Decision] = []
    moves: list[Move] = []
    for request in ordered:
        decision, moved = place(cycle, request, previous.get(request.name, Previous()))
        decisions.append(decision)
        moves.extend(moved)
    return Plan(
        tuple(sorted(decisions, key=lambda decision: decision.placement)),
        tuple(sorted(moves, key=lambda move: (move.placement, move.source, move.destination))),
    )


def _in_order(requests: Sequence[Request]) -> list[Request]:
    provided = {name: request.name for request in requests for name in _provides(request)}

    def waits(request: Request) -> bool:
        needs = request.needs_namespaces | request.needs_apis
        return any(provided.get(name, request.name) != request.name for name in needs)

    return sorted(requests, key=lambda request: (-request.priority, waits(request), request.name))


def _provides(request: Request) -> frozenset[str]:
    return request.provides_namespaces | request.provides_apis


def _pods(columns: Columns, requests: Sequence[Request]) -> list[PodShape]:
    """Every size that the plan will ask about: those of requests, and those of bookings."""
    asked = [workload.pod for request in requests for workload in request.workloads]
    booked = [PodShape(booking.requests) for cluster in columns.clusters for booking in cluster.bookings]
    return [*asked, *booked]


def _book_what_stands(cycle: Cycle, requests: Sequence[Request], previous: Mapping[str, Previous]) -> None:
    """Book previous bindings and bookings of others, less their pods that the snapshot has counted already."""
    mine = {request.uid: request for request in requests if request.uid}
    live: dict[tuple[str, str, int], int] = {}
    for i, cluster in enumerate(cycle.columns.clusters):
        for booking in cluster.bookings:
            request = mine.get(booking.uid)
            if request is None:
                cycle.ledger.take(i, [(PodShape(booking.requests), booking.replicas - booking.live)])
                continue
            live[request.name, booking.workload, i] = booking.live
            cycle.held.setdefault((request.name, booking.workload), {})[i] = max(booking.replicas, booking.live)
    for request in requests:
        bindings = previous.get(request.name, Previous()).bindings
        places = [cycle.columns.index[b.cluster] for b in bindings if b.cluster in cycle.columns.index]
        cycle.provide(_provides(request), places)
        for workload in request.workloads:
            held = cycle.held.setdefault((request.name, workload.key), {})
            for binding in bindings:
                place_ = cycle.columns.index.get(binding.cluster)
                if place_ is not None:
                    held[place_] = max(held.get(place_, 0), binding.replicas.get(workload.key, 0))
            for i, pods in sorted(held.items()):
                cycle.ledger.take(i, [(workload.pod, pods - live.get((request.name, workload.key, i), 0))])
