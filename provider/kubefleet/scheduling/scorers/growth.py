"""Growth: a cluster that has to add nodes comes after those that need not, all else equal."""

import numpy as np

from kubefleet.model.policy import Fit
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.domains import Domains
from kubefleet.scheduling.protocols import Mask, Scores
from kubefleet.scheduling.scorers.capacity import demands_of


class Growth:
    """−1 where what the capacity scorer places does not fit on the nodes that are there, beyond what stands there.

    Only fleets with growing pools have this scorer. The weight outweighs the capacity scorer, and nothing else.
    """

    name = "growth"
    weight = 101
    every_pick = False

    def score(self, cycle: Cycle, request: Request, candidates: Mask, domains: Domains) -> Scores:  # noqa: ARG002
        """Nothing where `fit` is `ignore`."""
        scores = np.zeros(len(cycle.columns), dtype=np.int8)
        if request.policy.fit is not Fit.IGNORE:
            rows = cycle.ledger.growing
            demands = [
                (work.pod, np.maximum(pods - cycle.held_by(request, work, rows), 0))
                for work, (_, pods) in zip(request.workloads, demands_of(request, candidates), strict=True)
            ]
            scores[rows] = np.where(cycle.ledger.holds(rows, demands, grown=False), 0, -1)
        return scores
