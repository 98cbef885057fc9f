"""Granted: where repair leaves a placement no seat it refuses the cluster, as a filter would."""

from kubefleet.model.policy import PolicyType
from kubefleet.model.reason import Code, Reason, make_reason
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.funnel import Funnel
from kubefleet.scheduling.protocols import Verdict

NAME = "repair"


class Granted:
    """Refuses clusters that are left to others. Not in the filters' table: most plans need no repair."""

    name = NAME
    warns_for: frozenset[PolicyType] = frozenset()
    by_policy = False

    def judge(self, cycle: Cycle, request: Request) -> Verdict:
        """Passes everything where the placement has no grants."""
        columns, granted = cycle.columns, cycle.grants.get(request.name)

        def reasons(i: int) -> tuple[Reason, ...]:
            return (make_reason(Code.LIMIT_REACHED, NAME, columns.names[i]),)

        if granted is None:
            return Verdict(columns.everywhere(), reasons)
        return Verdict(columns.mask([i in granted for i in range(len(columns))]), reasons)


def within_grants(cycle: Cycle, request: Request, funnel: Funnel) -> Funnel:
    """The funnel with one row more."""
    row = Granted()
    return funnel.narrowed(row, row.judge(cycle, request))
