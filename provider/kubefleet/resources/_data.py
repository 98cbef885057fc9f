"""Data that a plan would take from where it is: a mistake."""

from collections.abc import Iterable

from kubefleet.model.decision import MoveReason, Plan
from kubefleet.model.reason import Code
from kubefleet.model.request import Request
from kubefleet.report.cause import cause
from kubefleet.spec.mistakes import Mistake


def moving_data(plan: Plan, requests: Iterable[Request]) -> tuple[Mistake, ...]:
    """What would take data from where it is. What the user takes away without a place for it elsewhere is no move."""
    pinned = {request.name: request.pinned for request in requests if request.pinned}
    causes: dict[str, dict[str, str]] = {}
    for decision in plan.decisions if pinned else ():
        for cluster, reasons in decision.kept.items():
            for reason in reasons:
                if reason.code is Code.HAS_DATA:
                    why = cause(MoveReason(str(reason.detail["reason"])), str(reason.detail["why"]))
                    causes.setdefault(decision.placement, {})[cluster] = why
    for move in plan.moves:
        if move.placement in pinned and move.destination:
            causes.setdefault(move.placement, {})[move.source] = cause(move.reason, move.why)
    return tuple(
        Mistake(
            f"placements.{name}.data",
            f"{pinned[name]} has data on {cluster}, which does not move, but {cluster} is {why}. "
            'Take that back, or say data="replicated" (others have it) or "disposable" (it is lost).',
        )
        for name, by_cluster in causes.items()
        for cluster, why in by_cluster.items()
    )
