"""Pick: which clusters a placement is on, before its replicas are divided."""

from dataclasses import dataclass, field

import numpy as np

from kubefleet.model.policy import PolicyType
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.domains import Domains
from kubefleet.scheduling.funnel import Funnel
from kubefleet.scheduling.keep import Kept
from kubefleet.scheduling.protocols import Mask, Numbers, Scorer
from kubefleet.scheduling.scorers import SCORERS


@dataclass(slots=True)
class Picked:
    """`chosen` are all clusters, sorted; `added` those that are new, in the order of the picks. `dropped` were kept
    until `n` got smaller. `values` are the scores by scorer, `domains` the copies by topology domain afterwards.
    """

    chosen: list[int]
    added: list[int]
    dropped: list[int]
    values: list[Numbers]
    domains: Domains
    scorers: tuple[Scorer, ...] = field(default=SCORERS)

    def total(self, i: int) -> int:
        """The score that ranks a cluster."""
        return sum(int(value[i]) * scorer.weight for scorer, value in zip(self.scorers, self.values, strict=True))


def pick(cycle: Cycle, request: Request, funnel: Funnel, kept: Kept) -> Picked:
    """Kept clusters, and the best of those that pass, one by one."""
    candidates = funnel.passed.copy()
    candidates[kept.stays] = False
    candidates[list(kept.leaves)] = False
    domains = Domains(cycle.columns, request.policy.topology_spread, funnel.eligible)
    values = [scorer.score(cycle, request, funnel.passed, domains) for scorer in SCORERS]
    picked = Picked([], [], [], values, domains)
    stays = list(kept.stays)
    if request.policy.type is PolicyType.PICK_N:
        stays = _within(request.policy.number, stays, picked)
        slots = request.policy.number - len(stays)
    else:
        slots = int(candidates.sum())
    for i in stays:
        domains.add(i)
    for _ in range(max(0, slots)):
        best = _best(cycle, request, candidates, picked, funnel)
        if best is None:
            break
        candidates[best] = False
        domains.add(best)
        picked.added.append(best)
    picked.dropped = sorted(set(kept.stays) - set(stays))
    picked.chosen = sorted([*stays, *picked.added])
    return picked


def _within(number: int, stays: list[int], picked: Picked) -> list[int]:
    """The kept clusters that remain when `n` got smaller: the lowest score goes, ties by name descending."""
    ranked = sorted(stays, key=lambda i: (-picked.total(i), i))
    return sorted(ranked[:number])


def _best(cycle: Cycle, request: Request, candidates: Mask, picked: Picked, funnel: Funnel) -> int | None:
    """The candidate with the highest score that no `DoNotSchedule` forbids; ties by name."""
    allowed = candidates
    if request.policy.topology_spread and request.policy.type is not PolicyType.PICK_FIXED:
        if request.divided is None:
            # Of divided replicas the division itself keeps the rule, seat by seat.
            allowed = candidates & picked.domains.allowed()
        for which, scorer in enumerate(SCORERS):
            if scorer.every_pick:
                picked.values[which] = scorer.score(cycle, request, funnel.passed, picked.domains)
    places = np.flatnonzero(allowed)
    if len(places) == 0:
        return None
    total = sum(value[places] * scorer.weight for scorer, value in zip(SCORERS, picked.values, strict=True))
    return int(places[int(np.argmax(total))])
