"""Replicas that are divided for the first time, which needs a look at no more clusters than may get one."""

import numpy as np

from kubefleet.model.policy import DivideBy, Divided, Fit, PolicyType
from kubefleet.model.request import Request, Workload
from kubefleet.scheduling.bounds import room_of, spread_limit
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.division import Share, divide
from kubefleet.scheduling.funnel import Funnel
from kubefleet.scheduling.nodes import UNBOUNDED
from kubefleet.scheduling.pick import Picked
from kubefleet.scheduling.protocols import Numbers
from kubefleet.scheduling.shared import Shared, book


def is_new(cycle: Cycle, request: Request, divided: Divided, parts: list[Workload]) -> bool:
    """Whether there is one workload to divide, which has nothing anywhere, and only room and spread bind it."""
    policy = request.policy
    if len(parts) != 1 or parts[0].autoscaled is not None or not parts[0].replicas or divided.min or divided.max:
        return False
    if len(cycle.ledger.growing) or cycle.grants:
        return False
    binds = policy.fit is Fit.FILTER and policy.type is not PolicyType.PICK_FIXED
    return binds and (request.name, parts[0].key) not in cycle.held


def newly_divided(
    cycle: Cycle,
    request: Request,
    divided: Divided,
    funnel: Funnel,
    picked: Picked,
    work: Workload,
    whole: list[Workload],
) -> Shared:
    """As `_divided`, where that looks at no more clusters of a domain than there are seats."""
    rooms, names = room_of(cycle, request, picked, work, whole), cycle.columns.names
    weights = np.ones(len(rooms), dtype=np.int64)
    if divided.weights:
        weights[:] = [divided.weights.get(names[i], 1) for i in picked.chosen]
    places = contenders(divided.by, weights, rooms, _domains(cycle, request, picked), work.replicas)
    some = zip(places, rooms[places].tolist(), weights[places].tolist(), strict=True)
    shares = [Share(picked.chosen[place], 0, 0, room, room, weight) for place, room, weight in some]
    shared = Shared()
    seats = divide(divided.by, shares, work.replicas, spread_limit(cycle, request, funnel, shares, shared))
    copies = {other.key: other.replicas for other in whole}
    seated = zip(shares, seats, strict=True)
    shared.seats = {part.cluster: {**copies, work.key: count} for part, count in seated if count}
    if missing := work.replicas - sum(seats):
        shared.short[work.key] = missing
    book(cycle, request, shared, [work])
    book(cycle, request, shared, whole)
    return shared


def _domains(cycle: Cycle, request: Request, picked: Picked) -> Numbers:
    """A number per chosen cluster, equal where all `DoNotSchedule` rules make no difference."""
    chosen = np.array(picked.chosen, dtype=np.int64)
    found = np.zeros(len(chosen), dtype=np.int64)
    for spread in request.policy.topology_spread:
        if spread.hard:
            # What is chosen has the key: the filter sees to that.
            codes, values = cycle.columns.domains(spread.key)
            found = found * len(values) + codes[chosen]
    return found


def contenders(by: DivideBy, weights: Numbers, rooms: Numbers, domains: Numbers, seats: int) -> list[int]:
    """Places, sorted. By place: `weights` (the user's), `rooms` (pods that fit, which is also the most that it may
    get), and `domains`, numbers that are equal where a topology spread makes no difference. Nothing stands anywhere,
    and nothing else bounds the division.

    Every strategy gives a place its first seat only after all of its domain that are heavier, or of equal weight and
    before it, and have room: of k seats none goes beyond the first k of these.
    """
    roomy = np.flatnonzero(rooms > 0)
    if len(roomy) <= seats:
        return list(range(len(rooms)))
    if by is DivideBy.WEIGHT:
        found = _first(weights, roomy, domains, seats)
    else:
        # What has no limit weighs as much as the largest that is known (see `division.py`), so that one contends too.
        known = np.where(rooms < UNBOUNDED, rooms, 0)
        bounded = np.minimum(rooms, known.max() or 1)
        found = np.append(_first(bounded, roomy, domains, seats), known.argmax())
    if by is DivideBy.AGGREGATED:
        # Which clusters are used at all goes by room alone.
        found = np.append(found, _first(rooms, roomy, domains, seats))
    places: list[int] = np.unique(found).tolist()
    return places


def _first(weights: Numbers, roomy: Numbers, domains: Numbers, number: int) -> Numbers:
    """The heaviest so many of each domain, of equal ones the first."""
    there = domains[roomy]
    order = np.lexsort((-weights[roomy], there))
    there = there[order]
    nth = np.arange(len(there)) - np.searchsorted(there, there)
    heaviest: Numbers = roomy[order[nth < number]]
    return heaviest
