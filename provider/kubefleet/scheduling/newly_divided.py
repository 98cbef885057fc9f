"""Replicas that are divided for the first time, which needs a look at no more clusters than may get one."""

from collections.abc import Callable

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

_SPARE = 8
"""So many more clusters than seats are counted at once."""


def is_new(cycle: Cycle, request: Request, divided: Divided, parts: list[Workload]) -> bool:
    """Whether there is one workload to divide, which has nothing anywhere, and only room and spread bind it."""
    policy = request.policy
    if len(parts) != 1 or parts[0].autoscaled is not None or not parts[0].replicas or divided.min or divided.max:
        return False
    if len(cycle.ledger.growing) or cycle.grants:
        return False
    binds = policy.fit is Fit.FILTER and policy.type is not PolicyType.PICK_FIXED
    return binds and cycle.held_of(request, parts[0]) is None


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
    rooms, domains = _rooms(cycle, request, divided, picked, work, whole), _domains(cycle, request, picked)
    names = cycle.columns.names
    weights = np.ones(len(rooms), dtype=np.int64)
    if divided.weights:
        weights[:] = [divided.weights.get(names[i], 1) for i in picked.chosen]
    places = contenders(divided.by, weights, rooms, domains, work.replicas)
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


def _rooms(
    cycle: Cycle, request: Request, divided: Divided, picked: Picked, work: Workload, whole: list[Workload]
) -> Numbers:
    """Room by place, as far as it matters."""
    ledger, places = cycle.ledger, np.array(picked.chosen, dtype=np.int64)
    if not whole and divided.by is DivideBy.WEIGHT and ledger.all_hold(work.pod, work.replicas):
        # Room that binds nowhere decides nothing.
        return np.full(len(places), work.replicas, dtype=np.int64)
    few = bool(whole) or divided.by is DivideBy.WEIGHT or len(places) <= work.replicas + _SPARE
    bounds = None if few else ledger.room_bounds(work.pod, places)
    if bounds is None or (bounds >= UNBOUNDED).any():
        return room_of(cycle, request, picked, work, whole)
    domains = _domains(cycle, request, picked)
    return most_room(bounds, domains, work.replicas, lambda some: ledger.room(work.pod, places[some]))


def most_room(bounds: Numbers, domains: Numbers, seats: int, count: Callable[[Numbers], Numbers]) -> Numbers:
    """By place the room, or 0 where it is less than that of as many others of its domain as there are seats: where room
    is what places are compared by, none of these gets a seat. `count` gives the room of some places, which is at most
    their `bounds`; of most it is not asked.
    """
    every = bounds.nonzero()[0]
    counted = _first(bounds, every, domains, seats + _SPARE)
    rooms = np.zeros(len(bounds), dtype=np.int64)
    rooms[counted] = count(counted)
    # Of each domain, what the last of those has that surely are before all that are not counted.
    enough: dict[int, int] = {}
    for place in _first(rooms, counted, domains, seats).tolist():
        domain, room = int(domains[place]), int(rooms[place])
        enough[domain] = min(enough.get(domain, room), room)
    least = np.array([enough[domain] for domain in domains[every].tolist()], dtype=np.int64)
    more = np.setdiff1d(every[bounds[every] >= least], counted, assume_unique=True)
    rooms[more] = count(more)
    return rooms


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
        found = roomy
    elif by is DivideBy.WEIGHT:
        found = _first(weights, roomy, domains, seats)
    else:
        # What has no limit weighs as much as the largest that is known (see `division.py`), so that one contends too.
        known = np.where(rooms < UNBOUNDED, rooms, 0)
        bounded = np.minimum(rooms, known.max() or 1)
        found = np.append(_first(bounded, roomy, domains, seats), known.argmax())
    if by is DivideBy.AGGREGATED and len(roomy) > seats:
        # Which clusters are used at all goes by room alone.
        found = np.append(found, _first(rooms, roomy, domains, seats))
    return sorted(set(found.tolist()))


def _first(weights: Numbers, roomy: Numbers, domains: Numbers, number: int) -> Numbers:
    """The heaviest so many of each domain, of equal ones the first."""
    there = domains[roomy]
    order = np.lexsort((-weights[roomy], there))
    there = there[order]
    nth = np.arange(len(there)) - np.searchsorted(there, there)
    heaviest: Numbers = roomy[order[nth < number]]
    return heaviest
