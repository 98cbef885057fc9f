"""Scorers with their weights. A candidate's rank is the sum of value × weight; ties go by name, ascending."""

from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.protocols import Scorer
from kubefleet.scheduling.scorers.affinity import Affinity
from kubefleet.scheduling.scorers.capacity import Capacity
from kubefleet.scheduling.scorers.functions import function_scorers
from kubefleet.scheduling.scorers.growth import Growth
from kubefleet.scheduling.scorers.preferred import Preferred
from kubefleet.scheduling.scorers.spread import Spread

SCORERS: tuple[Scorer, ...] = (
    Spread(),  # × 10,000: domains before anything else
    Preferred(),  # × 10
    Capacity(),  # × 1
)
"""One row a scorer."""
AFFINITY: Scorer = Affinity()  # × 10
"""One more where any placement of the plan has an affinity."""


def scorers_for(cycle: Cycle, request: Request) -> tuple[Scorer, ...]:
    """The table's rows, those of affinity and of growing pools where there is any, and those that the request's policy
    brings along.
    """

    def make() -> tuple[Scorer, ...]:
        rows = (*SCORERS, AFFINITY) if cycle.neighbours is not None else SCORERS
        growth = (Growth(),) if len(cycle.ledger.growing) else ()
        return (*rows, *growth, *function_scorers(request))

    return cycle.columns.once(("scorers", cycle.columns.number(request.policy)), make)


__all__ = ["SCORERS", "scorers_for"]
