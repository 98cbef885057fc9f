"""What speaks against clusters that have a placement all the same."""

from collections.abc import Callable

from kubefleet.model.policy import PolicyType
from kubefleet.model.reason import Code, Reason, make_reason
from kubefleet.scheduling.filters.groups import NAME as GROUPS
from kubefleet.scheduling.groups import Groups, grouped
from kubefleet.scheduling.refused import Outcome


def warnings_of(outcome: Outcome, more: Callable[[int], tuple[Reason, ...]]) -> tuple[Reason, ...]:
    """Cluster by cluster, with what else is said of it (`more`); and, where clusters are named, the rules that all
    of them together break.
    """
    seats, policy = sorted(outcome.shared.seats), outcome.request.policy
    found = [reason for i in seats for reason in (*outcome.funnel.warnings(i), *more(i))]
    if policy.spread_groups and policy.type is PolicyType.PICK_FIXED:
        groups = Groups(outcome.columns, grouped(policy.spread_groups, least=0), seats)
        found += [
            make_reason(Code.NOT_ENOUGH_GROUPS, GROUPS, "", key=lack.key, least=lack.least, found=lack.found)
            for lack in groups.lacks()
        ]
        found += [
            make_reason(Code.LIMIT_REACHED, GROUPS, "", key=rule.key, most=rule.max_groups or 0)
            for rule in groups.excesses()
        ]
    return tuple(found)
