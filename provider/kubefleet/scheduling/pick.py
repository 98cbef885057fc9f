"""Pick: which clusters a placement is on, before its replicas are divided."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from kubefleet.model.policy import DivideBy, PolicyType
from kubefleet.model.request import Request
from kubefleet.scheduling import kernel
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.domains import Domains
from kubefleet.scheduling.funnel import Funnel
from kubefleet.scheduling.groups import Lack
from kubefleet.scheduling.keep import Kept
from kubefleet.scheduling.protocols import Mask, Numbers, Scorer, Scores
from kubefleet.scheduling.scorers import scorers_for
from kubefleet.scheduling.search import Want

_NOT_THERE, _NOBODY = -(2**62), -(2**61)
"""The first is the score of a cluster that may not be picked, also when others are added: then below the second."""
_FEW_OF = 8
"""So many times as many clusters are sorted only as far as needed."""


@dataclass(slots=True)
class Picked:
    """`chosen` are all clusters, sorted; `added` those that are new, in no order. `dropped` were kept until the policy
    was edited, with what they are too many for; `passed_over` were picked until others had more room, with their own;
    `seatless` may have no replica at all. `lacks` say why nothing new was chosen, where a rule about the whole choice
    cannot hold; `wants` are what other placements would have it be, and it is. `domains` are the copies by topology
    domain afterwards, `scorers` those that rank; scores that are `lasting` may be made at any time.
    """

    domains: Domains
    scorers: tuple[Scorer, ...]
    score: Callable[[], list[Scores]]
    silent: Scores
    lasting: bool
    chosen: list[int] = field(default_factory=list)
    added: list[int] = field(default_factory=list)
    dropped: dict[int, str] = field(default_factory=dict)
    passed_over: dict[int, int] = field(default_factory=dict)
    seatless: list[int] = field(default_factory=list)
    lacks: tuple[Lack, ...] = ()
    wants: tuple[Want, ...] = ()
    _values: list[Scores] = field(default_factory=list)

    @property
    def values(self) -> list[Scores]:
        """The scores by scorer, made when first asked for; of a chosen cluster as they were when it was picked."""
        if not self._values:
            self._values = self.score()
        return self._values

    def total(self, i: int) -> int:
        """The score that ranks a cluster."""
        return sum(int(value[i]) * scorer.weight for scorer, value in zip(self.scorers, self.values, strict=True))

    def totals(self, scorers: Sequence[int] | None = None) -> Numbers:
        """As `total`, of all clusters; by some scorers only."""
        total: Numbers | None = None
        for which in range(len(self.scorers)) if scorers is None else scorers:
            # Most scorers have nothing to say most of the time.
            if (values := self.values[which]) is not self.silent:
                weighted = values * np.int64(self.scorers[which].weight)
                total = weighted if total is None else total + weighted
        return np.zeros(len(self.silent), dtype=np.int64) if total is None else total

    def by_score(self, places: Numbers) -> Numbers:
        """Clusters sorted by score, the highest first; ties by name."""
        return places[np.argsort(-self.totals()[places], kind="stable")]

    def best(self, places: Numbers, number: int) -> Numbers:
        """As the first `number` of `by_score`, which are found without sorting the others."""
        if len(places) < _FEW_OF * number:
            return self.by_score(places)[:number]
        if kernel.built is not None:
            return kernel.best(kernel.built, self.totals(), places, number)
        # No two are equal: of one score, the first by name has the least.
        order = np.arange(len(places)) - self.totals()[places] * len(places)
        first = np.argpartition(order, number)[:number]
        return places[first[np.argsort(order[first])]]

    def replace(self, old: int, new: int, room: int) -> None:
        """Another cluster for one that has only so much room."""
        self.added[self.added.index(old)] = new
        self.chosen = sorted({*self.chosen, new} - {old})
        self.domains.add(old, -1)
        self.domains.add(new)
        self.passed_over[old] = room


def nobody(cycle: Cycle, request: Request, funnel: Funnel, *, lasting: bool = False) -> Picked:
    """No cluster, and the scores by which some would be picked, as the cycle is when they are first asked for: always
    the same (`lasting`) of a picture.
    """
    scorers = scorers_for(cycle, request)

    def score() -> list[Scores]:
        nothing = _nothing_yet(cycle, request, funnel)
        return [scorer.score(cycle, request, funnel.passed, nothing) for scorer in scorers]

    return Picked(_nothing_yet(cycle, request, funnel), scorers, score, cycle.columns.nothing(), lasting)


def pick(cycle: Cycle, request: Request, funnel: Funnel, kept: Kept) -> Picked:
    """Kept clusters, and the best of those that pass."""
    picked = nobody(cycle, request, funnel)
    domains = picked.domains
    if len(cycle.ledger.growing):
        # Whether a cluster must grow cannot be told from what was free alone, once something is booked.
        _ = picked.values
    number = request.policy.number if request.policy.type is PolicyType.PICK_N else len(cycle.columns)
    stays = kept.stays
    if len(stays) > number:
        stays = _best(cycle, request, funnel, picked, np.array(sorted(stays)), number, standing=True)
        picked.dropped = dict.fromkeys(sorted(set(kept.stays) - set(stays)), "fewer clusters")
    else:
        domains.add_all(stays)
    picked.seatless = _seatless(cycle, request)
    candidates = funnel.where
    if kept.stays or picked.seatless:
        candidates = _without(funnel.passed, [*kept.stays, *picked.seatless])
    picked.added = _best(cycle, request, funnel, picked, candidates, number - len(stays), standing=False)
    while kept.edited and (crowded := [i for i in stays if spread_binds(request) and domains.crowded(i)]):
        worst = int(picked.by_score(np.array(crowded))[-1])
        domains.add(worst, -1)
        stays = [i for i in stays if i != worst]
        picked.dropped[worst] = "topology spread"
        candidates = _without(funnel.passed, [*kept.stays, *picked.seatless, *picked.added])
        free = number - len(stays) - len(picked.added)
        picked.added += _best(cycle, request, funnel, picked, candidates, free, standing=False)
    picked.chosen = sorted([*stays, *picked.added])
    return picked


def _without(mask: Mask, clusters: Sequence[int]) -> Numbers:
    """Where a mask holds, but for some clusters."""
    rest = mask.copy()
    rest[clusters] = False
    return rest.nonzero()[0]


def _nothing_yet(cycle: Cycle, request: Request, funnel: Funnel) -> Domains:
    """Topology domains with nothing in them; all placements without a spread share theirs, which have no count."""
    spreads = request.policy.topology_spread
    if spreads:
        return Domains(cycle.columns, spreads, funnel.eligible)
    return cycle.columns.once("no domains", lambda: Domains(cycle.columns, (), funnel.eligible))


def _seatless(cycle: Cycle, request: Request) -> list[int]:
    """Clusters that the user allows no replica: they are none of the `n`."""
    divided, index = request.divided, cycle.columns.index
    if divided is None or request.policy.type is not PolicyType.PICK_N or not _asks(request):
        return []
    none = {name for name, most in divided.max.items() if most == 0}
    if divided.by is DivideBy.WEIGHT:
        none |= {name for name, weight in divided.weights.items() if weight == 0 and not divided.min.get(name)}
    return [index[name] for name in sorted(none) if name in index]


def _asks(request: Request) -> bool:
    return any(work.divisible and work.replicas for work in request.workloads)


def spread_binds(request: Request) -> bool:
    """Whether a `DoNotSchedule` binds the picks. Of divided replicas the division keeps the rule, seat by seat."""
    hard = any(spread.hard for spread in request.policy.topology_spread)
    return hard and not request.divides and request.policy.type is not PolicyType.PICK_FIXED


def _best(
    cycle: Cycle, request: Request, funnel: Funnel, picked: Picked, places: Numbers, number: int, *, standing: bool
) -> list[int]:
    """Up to `number` of some clusters (sorted) with the highest scores, ties by name. A topology spread counts anew
    with every pick; none is picked that a `DoNotSchedule` forbids; of those that stand it forbids none.
    """
    if number <= 0:
        return []
    spreads, bound = request.policy.topology_spread, spread_binds(request)
    if spreads and (bound or len(places) > number):
        if bound and not standing and picked.domains.one_rule and len(places) <= number:
            best: list[int] = picked.domains.fill(places, picked.by_score).tolist()
            return best
        return _one_by_one(cycle, request, funnel, picked, places, number, standing=standing)
    ranked: list[int] = (places if len(places) <= number else picked.best(places, number)).tolist()
    picked.domains.add_all(ranked)
    return ranked


def _one_by_one(
    cycle: Cycle, request: Request, funnel: Funnel, picked: Picked, among: Numbers, number: int, *, standing: bool
) -> list[int]:
    """As `_best`, where every pick changes the scores of the next, or whether it is allowed."""
    bound, scorers = spread_binds(request), picked.scorers
    again = [which for which, scorer in enumerate(scorers) if scorer.every_pick]
    others = picked.totals([which for which in range(len(scorers)) if which not in again])
    lasting = np.full(len(cycle.columns), _NOT_THERE, dtype=np.int64)
    lasting[among] = others[among]
    found, at_the_time = list[int](), list[list[int]]()
    while len(found) < number:
        total = lasting.copy()
        for which in again:
            picked.values[which] = scorers[which].score(cycle, request, funnel.passed, picked.domains)
            total += picked.values[which] * np.int64(scorers[which].weight)
        best = int(total.argmax())
        if bound:
            allowed = np.where(picked.domains.allowed(), total, _NOT_THERE)
            first = int(allowed.argmax())
            best = best if standing and allowed[first] < _NOBODY else first
            total = total if standing else allowed
        if total[best] < _NOBODY:
            break
        lasting[best] = _NOT_THERE
        picked.domains.add(best)
        found.append(best)
        at_the_time.append([int(picked.values[which][best]) for which in again])
    for which, values in zip(again, zip(*at_the_time, strict=True), strict=False):
        picked.values[which] = picked.values[which].copy()
        picked.values[which][found] = values
    return found
