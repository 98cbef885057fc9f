"""Affinity: what the placements that stand in a cluster's domain are worth as neighbours."""

import numpy as np

from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.domains import Domains
from kubefleet.scheduling.protocols import Mask, Scores


class Affinity:
    """−100..100: the weights of preferred affinities that are met, less those of preferred anti-affinities that are
    broken: the placement's own, and those of others that speak of it.
    """

    name = "affinity"
    weight = 10
    every_pick = False

    def score(self, cycle: Cycle, request: Request, candidates: Mask, domains: Domains) -> Scores:  # noqa: ARG002
        """As things stood when the placement was decided."""
        neighbours = cycle.neighbours
        found = None
        if neighbours is not None and neighbours.concerns(request):
            found = neighbours.view(request).score
        if found is None:
            return cycle.columns.nothing()
        return found.astype(np.int8)
