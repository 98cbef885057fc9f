"""Spread: minus the skew that one more copy would leave, for the topology keys that are a preference."""

import numpy as np

from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.domains import Domains
from kubefleet.scheduling.protocols import Mask, Numbers

_LOWEST = -100


class Spread:
    """−100..0: the sum over `ScheduleAnyway` keys; a cluster without a key counts as the worst.

    When replicas are divided `DoNotSchedule` binds the division, seat by seat; here it counts as a preference.
    """

    name = "spread"
    weight = 10_000
    every_pick = True

    def score(self, cycle: Cycle, request: Request, candidates: Mask, domains: Domains) -> Numbers:  # noqa: ARG002
        """Counts again after every pick."""
        total = np.zeros(len(cycle.columns), dtype=np.int64)
        if not domains.spreads:
            return total
        for which, spread in enumerate(domains.spreads):
            if not spread.hard or request.divides:
                total -= domains.skew(which)
        return np.maximum(total, _LOWEST)
