"""Share: how many replicas of each workload every chosen cluster runs, booked in the ledger as they are given."""

import numpy as np

from kubefleet.model.decision import MoveReason
from kubefleet.model.policy import Divided, Fit, PolicyType
from kubefleet.model.request import Request, Workload
from kubefleet.scheduling.autoscaled import with_a_seat_each
from kubefleet.scheduling.bounds import bounds_of, levelled, room_of, spread_limit, without_moves
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.divide_twice import divide_twice
from kubefleet.scheduling.division import Share, divide
from kubefleet.scheduling.firm import firm_seats, give_up
from kubefleet.scheduling.funnel import Funnel
from kubefleet.scheduling.groups import rules_of
from kubefleet.scheduling.keep import Kept
from kubefleet.scheduling.newly_divided import is_new, newly_divided
from kubefleet.scheduling.nodes import UNBOUNDED
from kubefleet.scheduling.pick import Picked
from kubefleet.scheduling.seats import Limit
from kubefleet.scheduling.shared import Seats, Shared, book


def share(cycle: Cycle, request: Request, funnel: Funnel, kept: Kept, picked: Picked) -> Shared:
    """Whole copies, or divided replicas, on the chosen clusters."""
    if not (picked.chosen or kept.before or picked.lacks):
        return _nowhere(request)
    if request.divided is None or not request.divides:
        return _copies(cycle, request, funnel, kept, picked)
    return _divided(cycle, request, request.divided, funnel, kept, picked)


def _nowhere(request: Request) -> Shared:
    if not request.divides:
        return Shared()
    return Shared(short={work.key: work.replicas for work in request.workloads if work.divisible and work.replicas})


def settled(request: Request, kept: Kept, picked: Picked) -> bool:
    """Whether no part of what is divided has a replica to give or to take: then it does not matter who else was picked,
    and whatever divides the parts would leave them where they are.
    """
    if request.divided is None or kept.edited or picked.dropped or request.divided.max or not kept.stays:
        return False
    return request.divides and all(_stands(kept, work) for work in request.workloads if work.divisible)


def givers(kept: Kept, picked: Picked) -> list[int]:
    """Clusters whose bindings go: those put up for choice first, they had rather stay than those that leave."""
    released = [i for i in kept.released if i not in picked.added]
    return [*released, *picked.dropped, *sorted(kept.leaves)]


def _copies(cycle: Cycle, request: Request, funnel: Funnel, kept: Kept, picked: Picked) -> Shared:
    """A whole copy on each. One that stands where nothing new may come gets no more replicas than it has; one that
    must leave stays while nothing took its place.
    """
    copy = {work.key: work.replicas for work in request.workloads}
    shared = Shared(dict.fromkeys(picked.chosen, copy), alike=copy)
    for i in kept.before:
        if i in shared.seats and not funnel.passed[i]:
            had = kept.before[i].replicas
            shared.seats[i] = {key: min(count, had.get(key, 0)) for key, count in copy.items()}
            shared.alike = None
    for i in _waiting(request, kept, picked):
        shared.seats[i] = {work.key: kept.before[i].replicas.get(work.key, 0) for work in request.workloads}
        shared.deferred[i], shared.alike = 1, None
    book(cycle, request, shared, request.workloads)
    return shared


def _waiting(request: Request, kept: Kept, picked: Picked) -> list[int]:
    """Copies that stay until enough others are placed. Of named clusters none takes the place of another, except that
    of one that was named before.
    """
    if not kept.before:
        return []
    going = givers(kept, picked)
    if request.policy.type is PolicyType.PICK_N:
        return going[: max(0, request.policy.number - len(picked.chosen))]
    if request.policy.type is PolicyType.PICK_FIXED:
        renamed = [i for i in going if i in kept.leaves and kept.leaves[i].reason is MoveReason.POLICY_EDITED]
        return renamed[: len(set(request.policy.names)) - len(picked.chosen)]
    return []


def _divided(cycle: Cycle, request: Request, divided: Divided, funnel: Funnel, kept: Kept, picked: Picked) -> Shared:
    """Every divisible workload over the same clusters; the others whole on each that got a seat."""
    whole = [work for work in request.workloads if not work.divisible]
    parts = [work for work in request.workloads if work.divisible]
    if (rules := rules_of(cycle.columns, request.policy)) is not None:
        # A cluster counts where it has any replica: those of the largest workload see to that.
        parts.sort(key=lambda work: (-work.replicas, work.key))
    if not kept.before and rules is None and is_new(cycle, request, divided, parts):
        return newly_divided(cycle, request, divided, funnel, picked, parts[0], whole)
    if settled(request, kept, picked):
        return _as_it_stands(cycle, request, kept, parts, whole)
    shared = Shared({i: {work.key: work.replicas for work in whole} for i in picked.chosen})
    leaving = givers(kept, picked)
    for work in parts:
        asked, how = work, divided
        if work.autoscaled is not None:
            asked, how = with_a_seat_each(work, divided, [cycle.columns.names[i] for i in picked.chosen])
        shares = bounds_of(cycle, request, how, funnel, kept, picked, asked, whole)
        limit = spread_limit(cycle, request, funnel, shares, shared)
        level = shares
        if shared.spread is not None and kept.edited:
            level = levelled(shares, shared.spread)
        seats = _seats(cycle, request, how, picked, asked, whole, level, limit)
        if rules is not None and work is parts[0] and not picked.lacks and work.replicas:
            firm = firm_seats(cycle.columns, rules, picked, level, seats)
            if firm is not level:
                firm = firm if kept.edited else without_moves(firm, asked.replicas)
                seats = _seats(
                    cycle, request, how, picked, asked, whole, firm, spread_limit(cycle, request, funnel, firm, shared)
                )
                if firm_seats(cycle.columns, rules, picked, firm, seats) is not firm:
                    give_up(cycle.columns, rules, picked, firm, seats)
                    return _divided(cycle, request, divided, funnel, kept, picked)
        for i, count in zip(picked.chosen, seats, strict=True):
            shared.seats[i][work.key] = count
        missing = work.replicas - sum(seats)
        crowded = [part.cluster for part, lower in zip(shares, level, strict=True) if lower is not part]
        for i in (*crowded, *leaving):
            here = shared.seats.get(i, {}).get(work.key, 0)
            stay = min(missing, kept.before[i].replicas.get(work.key, 0) - here)
            if stay > 0:
                _stay(shared, request, kept, i)[work.key] += stay
                shared.deferred[i] = shared.deferred.get(i, 0) + stay
                missing -= stay
        if missing > 0:
            shared.short[work.key] = missing
        book(cycle, request, shared, [work])
    if any(work.replicas for work in parts):
        # A cluster without a seat is not in the decision.
        keys = [work.key for work in parts]
        shared.seats = {i: seats for i, seats in shared.seats.items() if any(map(seats.get, keys))}
    book(cycle, request, shared, whole)
    return shared


def _stands(kept: Kept, work: Workload) -> bool:
    """Whether the bindings that stay have all replicas, and there are some. Of an autoscaled workload a new cluster may
    get one more.
    """
    if work.autoscaled is not None:
        return False
    return 0 < work.replicas == sum([kept.before[i].replicas.get(work.key, 0) for i in kept.stays])


def _as_it_stands(cycle: Cycle, request: Request, kept: Kept, parts: list[Workload], whole: list[Workload]) -> Shared:
    shared = Shared()
    copies = {work.key: work.replicas for work in whole}
    for i in kept.stays:
        seats = {work.key: kept.before[i].replicas.get(work.key, 0) for work in parts}
        if any(seats.values()):
            shared.seats[i] = copies | seats
    # What stands is booked already.
    book(cycle, request, shared, whole)
    return shared


def _stay(shared: Shared, request: Request, kept: Kept, i: int) -> Seats:
    """The seats of a cluster that some replicas do not leave yet, with the whole workloads that it had."""
    if i not in shared.seats:
        had = kept.before[i].replicas
        shared.seats[i] = {work.key: 0 if work.divisible else had.get(work.key, 0) for work in request.workloads}
    return shared.seats[i]


def _seats(
    cycle: Cycle,
    request: Request,
    divided: Divided,
    picked: Picked,
    work: Workload,
    whole: list[Workload],
    shares: list[Share],
    limit: Limit | None,
) -> list[int]:
    """The division. Where room binds and a chosen cluster may grow, new nodes are used last."""
    binds = request.policy.fit is Fit.FILTER and request.policy.type is not PolicyType.PICK_FIXED
    if not binds or not len(np.intersect1d(picked.chosen, cycle.ledger.growing)):
        return divide(divided.by, shares, work.replicas, limit)
    held = cycle.held_of(request, work) or {}
    free = room_of(cycle, request, picked, work, whole, grown=False).tolist()
    there = [
        min(UNBOUNDED, more + max(0, held.get(share.cluster, 0) - share.current))
        for share, more in zip(shares, free, strict=True)
    ]
    return divide_twice(divided.by, shares, there, work.replicas, limit)
