"""Share: how many replicas of each workload every chosen cluster runs, booked in the ledger as they are given."""

from dataclasses import dataclass, field

from kubefleet.model.policy import Divided, Fit, PolicyType
from kubefleet.model.request import Request, Workload
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.division import Limit, Share, divide
from kubefleet.scheduling.domains import Domains
from kubefleet.scheduling.funnel import Funnel
from kubefleet.scheduling.keep import Kept
from kubefleet.scheduling.layout import UNBOUNDED
from kubefleet.scheduling.pick import Picked

Seats = dict[str, int]
"""Workload key -> replicas."""


@dataclass(slots=True)
class Shared:
    """Seats by cluster. `deferred` counts what stays on clusters that it should leave, for want of room elsewhere."""

    seats: dict[int, Seats] = field(default_factory=dict)
    deferred: dict[int, int] = field(default_factory=dict)


def share(cycle: Cycle, request: Request, funnel: Funnel, kept: Kept, picked: Picked) -> Shared:
    """Whole copies, or divided replicas, on the chosen clusters."""
    if request.divided is None:
        return _copies(cycle, request, kept, picked)
    return _divided(cycle, request, request.divided, funnel, kept, picked)


def _copies(cycle: Cycle, request: Request, kept: Kept, picked: Picked) -> Shared:
    """A whole copy on each; a copy that must leave stays while nothing took its place."""
    shared = Shared({i: {work.key: work.replicas for work in request.workloads} for i in picked.chosen})
    if request.policy.type is PolicyType.PICK_N:
        missing = request.policy.number - len(picked.chosen)
        for i in sorted(kept.leaves)[: max(0, missing)]:
            shared.seats[i] = {key: kept.before[i].replicas.get(key, 0) for key in _keys(request)}
            shared.deferred[i] = 1
    for i in picked.chosen:
        for work in request.workloads:
            _take(cycle, request, work, i, work.replicas)
    return shared


def _divided(cycle: Cycle, request: Request, divided: Divided, funnel: Funnel, kept: Kept, picked: Picked) -> Shared:
    shared = Shared({i: {} for i in picked.chosen})
    for work in request.workloads:
        if not work.divisible:
            for i in picked.chosen:
                shared.seats[i][work.key] = work.replicas
                _take(cycle, request, work, i, work.replicas)
            continue
        shares = [_share(cycle, request, divided, funnel, kept, work, i) for i in picked.chosen]
        seats = divide(divided.by, shares, work.replicas, _limit(cycle, request, funnel, shares)) if shares else []
        for part, count in zip(shares, seats, strict=True):
            shared.seats[part.cluster][work.key] = count
            _take(cycle, request, work, part.cluster, count)
        _defer(shared, request, kept, work, work.replicas - sum(seats))
    _drop_empty(shared, request)
    return shared


def _share(
    cycle: Cycle, request: Request, divided: Divided, funnel: Funnel, kept: Kept, work: Workload, i: int
) -> Share:
    """What bounds one cluster. A kept one that would be refused today gets no more than it has."""
    name = cycle.columns.names[i]
    current = kept.before[i].replicas.get(work.key, 0) if i in kept.stays else 0
    room = int(cycle.ledger.room(work.pod)[i]) if request.policy.fit is Fit.FILTER else UNBOUNDED
    if i in kept.released:
        room += cycle.held.get((request.name, work.key), {}).get(i, 0)
    limited = request.policy.fit is Fit.FILTER and request.policy.type is not PolicyType.PICK_FIXED
    cap = current + room if limited else UNBOUNDED
    if i in kept.stays and funnel.standing(i):
        cap = current
    cap = min(cap, divided.max.get(name, UNBOUNDED))
    low = min(cap, divided.min.get(name, 0))
    # For a cap below what runs there (a new `max`) the replicas beyond it go.
    return Share(i, min(current, cap), low, cap, min(room, UNBOUNDED), divided.weights.get(name, 1))


def _limit(cycle: Cycle, request: Request, funnel: Funnel, shares: list[Share]) -> Limit | None:
    """The topology spread over replicas, with those that stand counted in."""
    if not any(spread.hard for spread in request.policy.topology_spread):
        return None
    if request.policy.type is PolicyType.PICK_FIXED:
        return None
    domains = Domains(cycle.columns, request.policy.topology_spread, funnel.eligible)
    for part in shares:
        domains.add(part.cluster, min(part.cap, max(part.low, part.current)))
    return Limit(domains.allows, domains.add)


def _defer(shared: Shared, request: Request, kept: Kept, work: Workload, missing: int) -> None:
    """What found no room stays where it is, if it stands on a cluster that it should leave."""
    for i in sorted(kept.leaves):
        stay = min(missing, kept.before[i].replicas.get(work.key, 0))
        if stay > 0:
            shared.seats.setdefault(i, dict.fromkeys(_keys(request), 0))[work.key] = stay
            shared.deferred[i] = shared.deferred.get(i, 0) + stay
            missing -= stay


def _drop_empty(shared: Shared, request: Request) -> None:
    """A cluster without a seat is not in the decision, unless there is nothing to seat."""
    divisible = [work for work in request.workloads if work.divisible]
    if not any(work.replicas for work in divisible):
        return
    for i in list(shared.seats):
        if not any(shared.seats[i].get(work.key, 0) for work in divisible):
            del shared.seats[i]


def _take(cycle: Cycle, request: Request, work: Workload, i: int, pods: int) -> None:
    """Book what goes beyond what the placement holds there; what it gives up counts as taken until the next plan."""
    held = cycle.held.setdefault((request.name, work.key), {})
    if pods > held.get(i, 0):
        cycle.ledger.take(i, [(work.pod, pods - held.get(i, 0))])
        held[i] = pods


def _keys(request: Request) -> list[str]:
    return [work.key for work in request.workloads]
