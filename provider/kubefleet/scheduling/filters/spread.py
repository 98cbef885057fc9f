"""Spread: the cluster has every label over which the placement must be spread.

Whether one more there would leave too much skew depends on what was picked before; `pick` and `division` ask
`Domains` for that, pick by pick, and name this filter in their reasons.
"""

from kubefleet.model.policy import PolicyType
from kubefleet.model.reason import Code, Reason, make_reason
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.domains import Domains
from kubefleet.scheduling.filters._keyed import judge_keys
from kubefleet.scheduling.protocols import Verdict

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
        return judge_keys(
            columns,
            NAME,
            Code.TOPOLOGY_SPREAD,
            keys,
            lambda cluster, key: key in cluster.labels,
            lambda key: columns.domains(key)[0],
        )


def skew_reasons(domains: Domains, cluster: int, name: str) -> tuple[Reason, ...]:
    """Why one more on a cluster would break a `DoNotSchedule`; empty if it would not."""
    return tuple(
        make_reason(Code.TOPOLOGY_SPREAD, NAME, name, **domains.describe(which, cluster))
        for which, spread in enumerate(domains.spreads)
        if spread.hard and domains.skew_at(which, cluster) > spread.max_skew
    )
