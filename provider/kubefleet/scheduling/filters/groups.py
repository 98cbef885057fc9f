"""Spread groups: the cluster has every label (or property) by which the placement's clusters are grouped.

How many groups there are shows only when all are picked: `regroup` asks `Groups` for that, and names this filter in its
reasons.
"""

from kubefleet.model.affinity import CLUSTER
from kubefleet.model.policy import PolicyType
from kubefleet.model.reason import Code
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.filters._keyed import judge_keys
from kubefleet.scheduling.groups import group_of, groups_of
from kubefleet.scheduling.protocols import Verdict

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
        return judge_keys(
            columns,
            NAME,
            Code.NOT_ENOUGH_GROUPS,
            keys,
            lambda cluster, key: group_of(cluster, key) is not None,
            lambda key: groups_of(columns, key)[0],
        )
