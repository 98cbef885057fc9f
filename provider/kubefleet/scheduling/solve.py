"""The steps from filters' verdicts to seats, for one placement: keep, pick, exchange, share."""

from dataclasses import dataclass

from kubefleet.model.decision import Previous
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.exchange import exchange
from kubefleet.scheduling.funnel import Funnel
from kubefleet.scheduling.keep import Kept, keep
from kubefleet.scheduling.pick import Picked, pick
from kubefleet.scheduling.share import Shared, share


@dataclass(frozen=True, slots=True)
class Solved:
    """What stays and leaves, what was picked, and the seats."""

    kept: Kept
    picked: Picked
    shared: Shared


def solve(cycle: Cycle, request: Request, previous: Previous, funnel: Funnel) -> Solved:
    """Decide, and book in the cycle's ledger what is taken beyond what the placement holds."""
    kept = keep(cycle, request, previous, funnel)
    picked = pick(cycle, request, funnel, kept)
    exchange(cycle, request, funnel, kept, picked)
    return Solved(kept, picked, share(cycle, request, funnel, kept, picked))
