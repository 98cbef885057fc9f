"""Spread groups: the cluster has every label (or property) by which the placement's clusters are grouped.

How many groups there are shows only when all are picked: `regroup` asks `Groups` for that, and names this filter in its
reasons.
"""

import numpy as np

from kubefleet.model.affinity import CLUSTER
from kubefleet.model.policy import PolicyType
from kubefleet.model.reason import Code, Reason, make_reason
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.groups import group_of, groups_of
from kubefleet.scheduling.protocols import Mask, Verdict

NAME = "spread-groups"


class SpreadGroups:
    """Refuses clusters that belong to no group of one of the policy's keys."""

    name = NAME
    warns_for = frozenset({PolicyType.PICK_FIXED})
    by_policy = True

    def judge(self, cycle: Cycle, request: Request) -> Verdict:
        """Made once per distinct list of keys."""
        columns = cycle.columns
        keys = tuple(rule.key for rule in request.policy.spread_groups if rule.key != CLUSTER)

        def reasons(i: int) -> tuple[Reason, ...]:
            cluster = columns.clusters[i]
            absent = [key for key in keys if group_of(cluster, key) is None]
            return tuple(make_reason(Code.NOT_ENOUGH_GROUPS, NAME, cluster.name, key=key) for key in absent)

        def make() -> Verdict:
            if not keys:
                return Verdict(columns.everywhere(), reasons)
            passed: Mask = np.logical_and.reduce([groups_of(columns, key)[0] >= 0 for key in keys])
            return Verdict(passed, reasons)

        return columns.once((NAME, keys), make)
