"""Capacity: how much of a cluster would be left."""

import numpy as np

from kubefleet.model.policy import Fit
from kubefleet.model.request import PodShape, Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.domains import Domains
from kubefleet.scheduling.protocols import Mask, Scores


class Capacity:
    """0..100: % of cpu or memory free after placing, the scarcer, so that clusters fill evenly.

    Of divided workloads an even share is placed. Pods that stand there already are placed a second time here: all
    clusters are compared as if they took the workload anew.
    """

    name = "capacity"
    weight = 1
    every_pick = False

    def score(self, cycle: Cycle, request: Request, candidates: Mask, domains: Domains) -> Scores:  # noqa: ARG002
        """Nothing where `fit` is `ignore` or the capacity is not known."""
        if request.policy.fit is Fit.IGNORE:
            return cycle.columns.nothing()
        return cycle.ledger.share_free(demands_of(request, candidates)).astype(np.int8, copy=False)


def demands_of(request: Request, candidates: Mask) -> list[tuple[PodShape, int]]:
    """Pods by workload that a cluster is scored with: a whole copy, or an even share of what is divided."""
    over = request.policy.number or max(1, int(candidates.sum()))
    demands = []
    for workload in request.workloads:
        divided = request.divided is not None and workload.divisible
        demands.append((workload.pod, -(-workload.replicas // over) if divided else workload.replicas))
    return demands
