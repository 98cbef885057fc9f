"""One placement: filters, keep, pick, divide, book; and the trail of all that."""

from collections.abc import Sequence

import numpy as np
from immutabledict import immutabledict

from kubefleet.model.decision import Binding, Decision, Move, Previous
from kubefleet.model.policy import PolicyType
from kubefleet.model.reason import Code, Reason, make_reason
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.filters.spread import skew_reasons
from kubefleet.scheduling.funnel import Funnel, run_filters
from kubefleet.scheduling.keep import Kept, keep
from kubefleet.scheduling.moves import moves_of
from kubefleet.scheduling.pick import Picked, pick
from kubefleet.scheduling.share import Shared, share
from kubefleet.scheduling.trail import Ranking, Refusals


def place(cycle: Cycle, request: Request, previous: Previous) -> tuple[Decision, tuple[Move, ...]]:
    """Decide for one placement and book what it takes beyond what it holds."""
    funnel = run_filters(cycle, request)
    if request.frozen:
        return _frozen(cycle, request, previous, funnel), ()
    kept = keep(cycle, request, previous, funnel)
    picked = pick(cycle, request, funnel, kept)
    shared = share(cycle, request, funnel, kept, picked)
    _book(cycle, request, shared)
    decision = Decision(
        placement=request.name,
        bindings=_bindings(cycle, request, shared),
        candidates=Ranking(cycle.columns.names, np.flatnonzero(funnel.passed), picked.scorers, picked.values),
        refused=Refusals(
            cycle.columns.names,
            np.array([i for i in range(len(cycle.columns)) if i not in shared.seats], dtype=np.int64),
            lambda i: _why_not(cycle, request, funnel, picked, i),
        ),
        kept=_kept(cycle, funnel, kept, shared),
        warnings=tuple(reason for i in sorted(shared.seats) for reason in funnel.warnings(i)),
        unplaced=_unplaced(request, picked, shared),
    )
    return decision, moves_of(cycle, request, kept, shared)


def _frozen(cycle: Cycle, request: Request, previous: Previous, funnel: Funnel) -> Decision:
    """The previous decision, untouched."""
    held = {cycle.columns.index[b.cluster] for b in previous.bindings if b.cluster in cycle.columns.index}
    others = np.array([i for i in range(len(cycle.columns)) if i not in held], dtype=np.int64)
    return Decision(
        request.name,
        previous.bindings,
        refused=Refusals(cycle.columns.names, others, lambda i: funnel.reasons(i) or (_limit(cycle, i),)),
    )


def _book(cycle: Cycle, request: Request, shared: Shared) -> None:
    """Clusters now provide what the manifests bring; pods were booked while they were divided."""
    cycle.provide(request.provides_namespaces | request.provides_apis, sorted(shared.seats))


def _bindings(cycle: Cycle, request: Request, shared: Shared) -> tuple[Binding, ...]:
    return tuple(
        Binding(
            cycle.columns.names[i],
            immutabledict({work.key: shared.seats[i][work.key] for work in sorted(request.workloads, key=_key)}),
        )
        for i in sorted(shared.seats)
    )


def _key(workload: object) -> str:
    return str(getattr(workload, "key"))  # noqa: B009


def _kept(cycle: Cycle, funnel: Funnel, kept: Kept, shared: Shared) -> immutabledict[str, tuple[Reason, ...]]:
    found: dict[str, tuple[Reason, ...]] = {}
    for i in sorted(shared.seats):
        name = cycle.columns.names[i]
        if i in shared.deferred:
            room = make_reason(Code.INSUFFICIENT_CAPACITY, "deferred", name, pods=shared.deferred[i], room=0)
            found[name] = (*funnel.reasons(i), room)
        elif i in kept.stays and (reasons := funnel.standing(i)):
            found[name] = reasons
    return immutabledict(found)


def _why_not(cycle: Cycle, request: Request, funnel: Funnel, picked: Picked, i: int) -> tuple[Reason, ...]:
    """Why a cluster has nothing of the placement."""
    if reasons := funnel.reasons(i):
        return reasons
    name = cycle.columns.names[i]
    if i in picked.chosen or request.policy.type is not PolicyType.PICK_N:
        return (_limit(cycle, i),)
    if request.divided is None and (skewed := skew_reasons(picked.domains, i, name)):
        return skewed
    if request.policy.number == 0:
        return (_limit(cycle, i),)
    least = min((picked.total(j) for j in picked.added), default=None)
    figures = {"score": picked.total(i)} if least is None else {"score": picked.total(i), "chosen": least}
    return (make_reason(Code.OUTSCORED, "policy", name, **figures),)


def _limit(cycle: Cycle, i: int) -> Reason:
    return make_reason(Code.LIMIT_REACHED, "policy", cycle.columns.names[i])


def _unplaced(request: Request, picked: Picked, shared: Shared) -> int:
    """Replicas if divided, else copies."""
    if request.divided is not None:
        wanted = sum(workload.replicas for workload in request.workloads if workload.divisible)
        placed = sum(
            seats[workload.key]
            for seats in shared.seats.values()
            for workload in request.workloads
            if workload.divisible
        )
        return max(0, wanted - placed)
    return max(0, _copies(request) - len(shared.seats)) if picked.chosen or _copies(request) else 0


def _copies(request: Request) -> int:
    """Copies asked for; of PickAll none in particular."""
    sizes: dict[PolicyType, Sequence[object]] = {PolicyType.PICK_FIXED: request.policy.names}
    if request.policy.type is PolicyType.PICK_N:
        return request.policy.number
    return len(sizes.get(request.policy.type, ()))
