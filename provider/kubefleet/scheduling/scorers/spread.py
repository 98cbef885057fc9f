"""Spread: minus the skew that one more copy would leave, for the topology keys that are a preference."""

import numpy as np

from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.domains import Domains
from kubefleet.scheduling.protocols import Mask, Scores

_LOWEST = -100


class Spread:
    """−100..0: the sum over `ScheduleAnyway` keys; a cluster without a key counts as the worst.

    When replicas are divided `DoNotSchedule` binds the division, seat by seat; here it counts as a preference.
    """

    name = "spread"
    weight = 10_000
    every_pick = True

    def score(self, cycle: Cycle, request: Request, candidates: Mask, domains: Domains) -> Scores:  # noqa: ARG002
        """Counts again after every pick."""
        counted = [which for which, spread in enumerate(domains.spreads) if not spread.hard or request.divides]
        if not counted:
            return cycle.columns.nothing()
        if len(counted) == 1:
            return domains.everywhere(counted[0], np.maximum(-domains.skews(counted[0]), _LOWEST).astype(np.int8))
        skew = sum(domains.skew(which) for which in counted)
        return np.maximum(-skew, _LOWEST).astype(np.int8)
