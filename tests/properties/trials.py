"""What is done with a small fleet to see whether the scheduler keeps its rules: it is asked once, something changes,
and it is asked again. The same fleets each time, without hypothesis: nothing has to be made smaller.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import cache
from random import Random

from dice import Dice
from immutabledict import immutabledict
from independent_checker import judge_new
from keep_checker import judge_next
from room_checker import overfull
from small_affinities import tied_requests
from small_fleets import TYPES, request, requests_of, taint
from small_fleets import fleet as fleet_of
from small_pools import growing_fleet, grown
from unplaced_checker import needlessly_unplaced

from kubefleet.model.cluster import ClusterState
from kubefleet.model.decision import Previous
from kubefleet.model.policy import PolicyType
from kubefleet.model.request import PodShape, Request
from kubefleet.model.snapshot import Snapshot
from kubefleet.scheduling import schedule

TRIALS = 600


class Kind(Enum):
    """What there is to see."""

    MIXED = auto()
    ALIKE = auto()
    """Pods of one size that go on every node, and too many of them."""
    TIED = auto()
    GROWING = auto()
    """As `ALIKE`, where some clusters may have more nodes than they have."""


_FREE = (PolicyType.PICK_ALL, PolicyType.PICK_N)
_TYPES = {Kind.MIXED: TYPES, Kind.ALIKE: _FREE, Kind.TIED: _FREE, Kind.GROWING: _FREE[1:]}
"""Named clusters are mostly only warned of."""


@dataclass(frozen=True)
class Trial:
    """A fleet and what is placed on it; how it looks when it is planned again, and what is asked then: more of what is
    divided, and a newcomer that goes first.
    """

    kind: Kind
    snapshot: Snapshot
    requests: tuple[Request, ...]
    later: Snapshot
    then: tuple[Request, ...]


@cache
def trials() -> tuple[Trial, ...]:
    return tuple(_trial(number) for number in range(TRIALS))


def _trial(number: int) -> Trial:
    kind, random = list(Kind)[number % len(Kind)], Random(number)

    def dice(size: int) -> Dice:
        return Dice(random.randbytes(size))

    snapshot = growing_fleet(dice(300)) if kind is Kind.GROWING else fleet_of(dice(300))
    make = tied_requests if kind is Kind.TIED else requests_of
    requests = make(dice(600), types=_TYPES[kind])
    newcomer = replace(request(dice(160), "new"), priority=9)
    if kind in (Kind.ALIKE, Kind.GROWING):
        pod = PodShape(immutabledict({"cpu": dice(1).number(2, 4) * 1000}))
        requests, (newcomer,) = _scarce(requests, pod), _scarce([newcomer], pod)
    return Trial(kind, snapshot, requests, _changed(dice(10), snapshot), (*map(_with_more, requests), newcomer))


def _scarce(requests: Iterable[Request], pod: PodShape) -> tuple[Request, ...]:
    """Pods of one size, and more of them than there is room for."""
    return tuple(
        replace(r, workloads=tuple(replace(work, pod=pod, replicas=2 * work.replicas) for work in r.workloads))
        for r in requests
    )


def _with_more(request: Request) -> Request:
    if not request.divides:
        return request
    works = (
        replace(work, replicas=work.replicas + 2) if work.divisible and work.replicas else work
        for work in request.workloads
    )
    return replace(request, workloads=tuple(works))


def _changed(dice: Dice, snapshot: Snapshot) -> Snapshot:
    """One cluster is cordoned, tainted, drained, or has lost its labels."""
    cluster = dice.one(snapshot.clusters)
    other = dice.one(
        (
            replace(cluster, taints=(taint(dice),)),
            replace(cluster, state=ClusterState.CORDONED),
            replace(cluster, labels=immutabledict()),
            replace(cluster, state=ClusterState.DRAINED),
        )
    )
    return replace(snapshot, clusters=tuple(other if c is cluster else c for c in snapshot.clusters))


def complaints(trial: Trial) -> list[str]:
    """What the checkers have against the two plans."""
    first = schedule(trial.snapshot, trial.requests, {})
    if trial.kind is Kind.GROWING:
        return overfull(grown(trial.snapshot), trial.requests, first)
    found = judge_new(trial.snapshot, trial.requests, first)
    if trial.kind is Kind.ALIKE:
        found += needlessly_unplaced(trial.snapshot, trial.requests, first)
    previous = {decision.placement: Previous(decision.bindings) for decision in first.decisions}
    second = schedule(trial.later, trial.then, previous)
    return found + judge_next(trial.later, trial.then, previous, first, second)
