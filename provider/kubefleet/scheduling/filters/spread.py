"""Spread: the cluster has every label over which the placement must be spread.

Whether one more there would leave too much skew depends on what was picked before; `pick` and `division` ask
`Domains` for that, pick by pick, and name this filter in their reasons.
"""

import numpy as np

from kubefleet.model.policy import PolicyType
from kubefleet.model.reason import Code, Reason, make_reason
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.domains import Domains
from kubefleet.scheduling.protocols import Mask, Verdict

NAME = "spread"


class Spread:
    """Refuses clusters without the topology key of a `DoNotSchedule` constraint."""

    name = NAME
    warns_for = frozenset({PolicyType.PICK_FIXED})
    by_policy = True

    def judge(self, cycle: Cycle, request: Request) -> Verdict:
        """Made once per distinct list of keys."""
        columns = cycle.columns
        keys = tuple(spread.key for spread in request.policy.topology_spread if spread.hard)

        def reasons(i: int) -> tuple[Reason, ...]:
            cluster = columns.clusters[i]
            absent = [key for key in keys if key not in cluster.labels]
            return tuple(make_reason(Code.TOPOLOGY_SPREAD, NAME, cluster.name, key=key) for key in absent)

        def make() -> Verdict:
            if not keys:
                return Verdict(columns.everywhere(), reasons)
            passed: Mask = np.logical_and.reduce([columns.domains(key)[0] >= 0 for key in keys])
            return Verdict(passed, reasons)

        return columns.once((NAME, keys), make)


def skew_reasons(domains: Domains, cluster: int, name: str) -> tuple[Reason, ...]:
    """Why one more on a cluster would break a `DoNotSchedule`; empty if it would not."""
    return tuple(
        make_reason(Code.TOPOLOGY_SPREAD, NAME, name, **domains.describe(which, cluster))
        for which, spread in enumerate(domains.spreads)
        if spread.hard and domains.skew_at(which, cluster) > spread.max_skew
    )
