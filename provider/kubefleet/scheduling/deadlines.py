"""What stays on a tainted cluster only for a time: the seconds of its tolerations are running."""

from collections.abc import Iterable
from datetime import UTC, datetime

from kubefleet.model.reason import Code, Reason, make_reason
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.filters.taints import NO_EXECUTE
from kubefleet.scheduling.tolerance import tolerated_until


def deadline_reasons(cycle: Cycle, request: Request, places: Iterable[int]) -> dict[str, tuple[Reason, ...]]:
    """By cluster, the NoExecute taints that are tolerated now, but not for ever, and until when."""
    found = {}
    for i in places:
        name, taints = cycle.columns.clusters[i].name, cycle.columns.clusters[i].taints
        ends = ((taint, tolerated_until(taint, request.policy.tolerations)) for taint in taints)
        reasons = tuple(
            make_reason(Code.TAINT_TOLERATED_UNTIL, NO_EXECUTE, name, taint=str(taint), until=_shown(end))
            for taint, end in ends
            if end is not None and cycle.columns.now < end
        )
        if reasons:
            found[name] = reasons
    return found


def _shown(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
