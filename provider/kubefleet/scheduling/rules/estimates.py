"""Where capacity is an estimate: what a snapshot cannot tell, and may let other numbers of pods be bound."""

from collections.abc import Callable

from kubefleet.model.policy import Fit
from kubefleet.model.reason import Code, Reason, make_reason
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.filters.capacity import NAME


def estimates(cycle: Cycle, request: Request) -> Callable[[int], tuple[Reason, ...]]:
    """Warnings by cluster, as things are before the request is booked."""
    clusters, names = cycle.columns.clusters, cycle.columns.names
    unread = cycle.columns.once(
        "unread",
        lambda: {
            i: said.unread for i, cluster in enumerate(clusters) if (said := cluster.surroundings) and said.unread
        },
    )
    ruled = [work for work in request.workloads if work.rules is not None or work.pod.rules is not None]
    if not (ruled or unread) or request.policy.fit is Fit.IGNORE:
        return _none
    found: dict[tuple[str, int], tuple[str, ...]] = {}
    for work in ruled:
        for i in range(len(cycle.columns)) if work.pod.rules is not None and work.replicas else ():
            limit = cycle.ledger.limit(work.pod, i)
            if limit is not None and limit.unsure:
                found[work.key, i] = limit.unsure
    always = {work.key: work.rules.unsure for work in ruled if work.rules is not None and work.replicas}
    if not (found or unread or any(always.values())):
        return _none

    def reasons(i: int) -> tuple[Reason, ...]:
        return tuple(
            make_reason(Code.CAPACITY_ESTIMATED, NAME, names[i], workload=work.key, why=why)
            for work in request.workloads
            if work.replicas
            for why in (*always.get(work.key, ()), *found.get((work.key, i), ()), *unread.get(i, ()))
        )

    return reasons


def _none(_: int) -> tuple[Reason, ...]:
    return ()
