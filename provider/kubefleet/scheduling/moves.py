"""Moves: what goes from where to where, and for which declared reason."""

from kubefleet.model.decision import Move, MoveReason
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.keep import Kept, Leaving
from kubefleet.scheduling.share import Seats, Shared


def moves_of(cycle: Cycle, request: Request, kept: Kept, shared: Shared) -> tuple[Move, ...]:
    """Every binding that loses something for a declared reason, paired with clusters that gain, by name.

    Where nothing gains (fewer clusters were asked for) the destination is empty. Replicas that the user takes away are
    no move.
    """
    names = cycle.columns.names
    gains = {i: _gain(request, kept, shared, i) for i in sorted(shared.seats)}
    moves = []
    for i in sorted(kept.before):
        leaving = _why(kept, shared, i)
        lost = _amount(request, kept.before[i].replicas) - _amount(request, shared.seats.get(i))
        if leaving is None or lost <= 0:
            continue
        for j in sorted(gains):
            part = min(lost, gains[j])
            if part > 0:
                moves.append(Move(request.name, names[i], names[j], part, leaving.reason, leaving.why))
                gains[j] -= part
                lost -= part
        if lost > 0 and request.divided is None:
            moves.append(Move(request.name, names[i], "", lost, leaving.reason, leaving.why))
    return tuple(moves)


def _why(kept: Kept, shared: Shared, i: int) -> Leaving | None:
    if i in kept.leaves:
        return kept.leaves[i]
    if i in kept.released:
        return Leaving(MoveReason.REBALANCE)
    if i in kept.stays and i not in shared.seats:
        return Leaving(MoveReason.POLICY_EDITED, "fewer clusters")
    return None


def _gain(request: Request, kept: Kept, shared: Shared, i: int) -> int:
    before = kept.before.get(i)
    return max(0, _amount(request, shared.seats[i]) - _amount(request, before.replicas if before else None))


def _amount(request: Request, replicas: "Seats | object") -> int:
    """Replicas if divided, else one for a copy."""
    if replicas is None:
        return 0
    if request.divided is None:
        return 1
    return sum(replicas.get(work.key, 0) for work in request.workloads if work.divisible)  # type: ignore[attr-defined]
