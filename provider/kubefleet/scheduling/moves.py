"""Moves: what goes from where to where, and for which declared reason."""

from collections.abc import Sequence

from kubefleet.model.decision import Binding, Move, MoveReason
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.keep import Kept
from kubefleet.scheduling.neighbours import Leaving
from kubefleet.scheduling.pick import Picked
from kubefleet.scheduling.shared import Shared


def moves_of(cycle: Cycle, request: Request, kept: Kept, picked: Picked, shared: Shared) -> tuple[Move, ...]:
    """Every binding that loses something for a declared reason, paired with clusters that gain, by name.

    Where no copy takes the place of one (there is no other cluster, or fewer were asked for) the destination is empty.
    Replicas that the user takes away are no move.
    """
    if not kept.before:
        return ()
    causes = (*sorted(_causes(kept, picked).items()), *_shifted(cycle, request, kept, picked))
    if not causes:
        return ()
    names = cycle.columns.names
    gains = {i: max(0, _now(request, shared, i) - _before(request, kept, i)) for i in sorted(shared.seats)}
    moves = []
    # Those that leave come first: what they lose has gone somewhere. What stands may have become fewer for two reasons.
    for i, leaving in causes:
        lost = _before(request, kept, i) - _now(request, shared, i)
        for j in sorted(gains):
            part = min(lost, gains[j])
            if part > 0:
                moves.append(Move(request.name, names[i], names[j], part, leaving.reason, leaving.why))
                gains[j] -= part
                lost -= part
        if lost > 0 and not request.divides:
            moves.append(Move(request.name, names[i], "", lost, leaving.reason, leaving.why))
    return tuple(moves)


def left(
    cycle: Cycle, request: Request, kept: Kept, picked: Picked, shared: Shared, moves: Sequence[Move]
) -> dict[str, MoveReason]:
    """Clusters that lost the placement, or replicas of it, for a declared reason; sorted. `moves` are all its moves."""
    if not kept.before:
        return {}
    names = cycle.columns.names
    found = {
        names[i]: leaving.reason
        for i, leaving in _causes(kept, picked).items()
        if i not in shared.seats or _now(request, shared, i) < _before(request, kept, i)
    }
    found |= {move.source: move.reason for move in moves}
    return {name: found[name] for name in sorted(found)}


def _shifted(cycle: Cycle, request: Request, kept: Kept, picked: Picked) -> list[tuple[int, Leaving]]:
    """Clusters that stay, of which replicas may have gone to where the edited policy wants them."""
    if request.divided is None or not request.divides:
        return []
    spread = kept.edited and any(spread.hard for spread in request.policy.topology_spread)
    found = []
    for i in kept.stays:
        most = request.divided.max.get(cycle.columns.names[i])
        parts = [kept.before[i].replicas.get(work.key, 0) for work in request.workloads if work.divisible]
        why = "topology spread" if spread else "a minimum elsewhere"
        if most is not None and max(parts) > most:
            why = f"at most {most}"
        if i not in picked.dropped:
            found.append((i, Leaving(MoveReason.POLICY_EDITED, why)))
    return found


def _causes(kept: Kept, picked: Picked) -> dict[int, Leaving]:
    return (
        {i: Leaving(MoveReason.POLICY_EDITED, why) for i, why in picked.dropped.items()}
        | dict.fromkeys(kept.released, Leaving(MoveReason.REBALANCE))
        | dict(kept.leaves)
    )


def _before(request: Request, kept: Kept, i: int) -> int:
    return _amount(request, kept.before.get(i))


def _now(request: Request, shared: Shared, i: int) -> int:
    return request.amount(shared.seats[i]) if i in shared.seats else 0


def _amount(request: Request, binding: Binding | None) -> int:
    return request.amount(binding.replicas) if binding is not None else 0
