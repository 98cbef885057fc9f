"""Scorers with their weights. A candidate's rank is the sum of value × weight; ties go by name, ascending."""

from kubefleet.scheduling.protocols import Scorer
from kubefleet.scheduling.scorers.capacity import Capacity
from kubefleet.scheduling.scorers.preferred import Preferred
from kubefleet.scheduling.scorers.spread import Spread

SCORERS: tuple[Scorer, ...] = (
    Spread(),  # × 10,000: domains before anything else
    Preferred(),  # × 10
    Capacity(),  # × 1
)
"""One row a scorer."""

__all__ = ["SCORERS"]
