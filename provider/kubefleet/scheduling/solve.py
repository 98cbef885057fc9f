"""The steps from filters' verdicts to seats, for one placement: keep, pick, regroup, exchange, share."""

from dataclasses import dataclass

from kubefleet.model.decision import Previous
from kubefleet.model.policy import PolicyType
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.exchange import exchange
from kubefleet.scheduling.funnel import Funnel
from kubefleet.scheduling.groups import rules_of
from kubefleet.scheduling.keep import Kept, keep
from kubefleet.scheduling.partners import Partners
from kubefleet.scheduling.pick import Picked, nobody, pick
from kubefleet.scheduling.regroup import regroup
from kubefleet.scheduling.search import Want
from kubefleet.scheduling.share import settled, share
from kubefleet.scheduling.shared import Shared


@dataclass(frozen=True, slots=True)
class Solved:
    """What stays and leaves, what was picked, and the seats."""

    kept: Kept
    picked: Picked
    shared: Shared


def solve(cycle: Cycle, request: Request, previous: Previous, funnel: Funnel, *, scored: bool = False) -> Solved:
    """Decide, and book in the cycle's ledger what is taken beyond what the placement holds. Scores are about what is
    free before that: who asks for them later has to have them made (`scored`).
    """
    kept, picked = _choose(cycle, request, previous, funnel)
    if scored and not picked.lasting:
        _ = picked.values
    return Solved(kept, picked, share(cycle, request, funnel, kept, picked))


def _choose(cycle: Cycle, request: Request, previous: Previous, funnel: Funnel) -> tuple[Kept, Picked]:
    kept = keep(cycle, request, previous, funnel)
    rules = rules_of(cycle.columns, request.policy)
    if not (funnel.many or kept.before or rules):
        return kept, nobody(cycle.picture(), request, funnel, lasting=True)
    picked = pick(cycle, request, funnel, kept)
    wants = [] if settled(request, kept, picked) else _wants(cycle, request, picked)
    if rules is not None or wants:
        regroup(cycle, request, funnel, kept, picked, rules, wants)
    exchange(cycle, request, funnel, kept, picked)
    return kept, picked


def _wants(cycle: Cycle, request: Request, picked: Picked) -> list[tuple[Want, ...]]:
    """What placements that need this one would have it choose."""
    if cycle.neighbours is None or request.policy.type is not PolicyType.PICK_N:
        return []
    return Partners(cycle, cycle.neighbours).wants(request, picked.chosen)
