"""What bounds the division of one workload: the room, minimum and maximum of every chosen cluster, and the spread."""

from dataclasses import replace

import numpy as np

from kubefleet.model.policy import DivideBy, Divided, Fit, PolicyType
from kubefleet.model.request import Request, Workload
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.division import Share, stands
from kubefleet.scheduling.domains import Domains
from kubefleet.scheduling.funnel import Funnel
from kubefleet.scheduling.keep import Kept
from kubefleet.scheduling.nodes import UNBOUNDED
from kubefleet.scheduling.pick import Picked
from kubefleet.scheduling.protocols import Numbers
from kubefleet.scheduling.seats import Limit
from kubefleet.scheduling.shared import Shared


def bounds_of(
    cycle: Cycle,
    request: Request,
    divided: Divided,
    funnel: Funnel,
    kept: Kept,
    picked: Picked,
    work: Workload,
    whole: list[Workload],
) -> list[Share]:
    """What bounds each chosen cluster. A kept one that would be refused today gets no more than it has."""
    free = room_of(cycle, request, picked, work, whole).tolist()
    limited = request.policy.fit is Fit.FILTER and request.policy.type is not PolicyType.PICK_FIXED
    held = cycle.held_of(request, work) or {}
    stays, names = set(kept.stays), cycle.columns.names
    # Most say nothing of single clusters: that is asked once, not for each.
    granted = cycle.grants.get(request.name)
    low, high, weights = (dict(given) for given in (divided.min, divided.max, divided.weights))
    shares = []
    for i, more in zip(picked.chosen, free, strict=True):
        current = kept.before[i].replicas.get(work.key, 0) if i in stays else 0
        room = more + max(0, held.get(i, 0) - current) if held else more
        if room > UNBOUNDED:
            room = UNBOUNDED
        cap = current + room if limited else UNBOUNDED
        if i in stays and (not funnel.grows[i] or picked.lacks):
            cap = current
        # For a cap below what runs there (a new `max`) the replicas beyond it go.
        cap = min(cap, high.get(names[i], cap)) if high else cap
        if granted is not None:
            cap = min(cap, current + granted.get(i, 0))
        least = min(cap, low.get(names[i], 0)) if low else 0
        weight = weights.get(names[i], 1) if weights else 1
        if weight == 0 and divided.by is DivideBy.WEIGHT:
            # Not even for a rule about groups.
            cap = min(cap, max(current, least))
        shares.append(Share(i, min(current, cap) if current else 0, least, cap, room, weight))
    return shares if kept.edited else without_moves(shares, work.replicas)


def without_moves(shares: list[Share], total: int) -> list[Share]:
    """Minimums only as far as replicas are left for them: a minimum that could not be met at first (its cluster was
    not to be had) takes none from where they stand.
    """
    if not any(part.low for part in shares):
        return shares
    spare = max(0, total - sum(part.current for part in shares))
    bounded = []
    for part in shares:
        raised = min(max(0, part.low - part.current), spare)
        spare -= raised
        low = min(part.low, part.current + raised)
        bounded.append(part if low == part.low else replace(part, low=low))
    return bounded


def room_of(
    cycle: Cycle, request: Request, picked: Picked, work: Workload, whole: list[Workload], *, grown: bool = True
) -> Numbers:
    """Per chosen cluster, the pods that still fit beside the workloads that are whole on each."""
    places = np.array(picked.chosen, dtype=np.int64)
    if request.policy.fit is Fit.IGNORE:
        return np.full(len(places), UNBOUNDED, dtype=np.int64)
    beside = [(other.pod, other.replicas - cycle.held_by(request, other, places)) for other in whole]
    return cycle.ledger.room_beside(places, work.pod, beside, grown=grown)


def spread_limit(cycle: Cycle, request: Request, funnel: Funnel, shares: list[Share], shared: Shared) -> Limit | None:
    """The topology spread over replicas, with those that stand counted in."""
    if not any(spread.hard for spread in request.policy.topology_spread):
        return None
    if request.policy.type is PolicyType.PICK_FIXED:
        return None
    domains = Domains(cycle.columns, request.policy.topology_spread, funnel.eligible)
    for part in shares:
        if standing := stands(part):
            domains.add(part.cluster, standing)
    shared.spread = domains
    return Limit(
        lambda place: domains.allows(shares[place].cluster),
        lambda place: domains.releases(shares[place].cluster),
        lambda place, change: domains.add(shares[place].cluster, change),
    )


def levelled(shares: list[Share], domains: Domains) -> list[Share]:
    """What stands, less what is too many for the topology spread: that is divided anew."""
    level = list(shares)
    while True:
        above = {
            place: min(stands(part) - part.low, domains.excess(part.cluster))
            for place, part in enumerate(level)
            if domains.crowded(part.cluster) and stands(part) > part.low
        }
        if not above:
            return level
        place = max(above, key=lambda place: (stands(level[place]), place))
        level[place] = replace(level[place], current=stands(level[place]) - above[place])
        domains.add(level[place].cluster, -above[place])
