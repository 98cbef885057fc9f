"""A plan as plain data: what `-o json` and `-o yaml` print."""

from collections.abc import Iterable
from typing import Any

from kubefleet.model.decision import Decision, Move, Plan
from kubefleet.model.reason import Reason
from kubefleet.model.request import Request
from kubefleet.scheduling.explain import reason_text
from kubefleet.spec.selection_record import record_of


def plan_as_json(plan: Plan, requests: Iterable[Request]) -> dict[str, Any]:
    """Placements with clusters, refusals, what is kept and why; and moves. `requests` are those of the plan.

    Replicas count what is divided, else copies. A score is the sum of the scorers' values × their weights; `scores`
    are the values. There are no jobs and no relaxations: both are always empty.
    """
    by_name = {request.name: request for request in requests}
    return {
        "placements": {
            decision.placement: _decision(decision, by_name[decision.placement]) for decision in plan.decisions
        },
        "jobs": {},
        "moves": [_move(move) for move in plan.moves],
    }


def _decision(decision: Decision, request: Request) -> dict[str, Any]:
    candidates = {candidate.cluster: candidate for candidate in decision.candidates}
    clusters = {}
    for binding in decision.bindings:
        candidate = candidates.get(binding.cluster)
        clusters[binding.cluster] = {
            "replicas": request.amount(binding.replicas),
            "score": candidate.total if candidate else 0,
            "scores": {score.scorer: score.value for score in candidate.scores} if candidate else {},
        }
    return {
        "clusters": clusters,
        "refused": {name: [_reason(reason) for reason in reasons] for name, reasons in decision.refused.items()},
        "kept": {name: [_reason(reason) for reason in reasons] for name, reasons in decision.kept.items()},
        "warnings": [{"cluster": reason.cluster, **_reason(reason)} for reason in decision.warnings],
        "failures": [{"cluster": reason.cluster, **_reason(reason)} for reason in decision.failures],
        "unplaced": decision.unplaced,
        "relaxations": [],
        **({"selection": record_of(request.selection)} if request.selection is not None else {}),
    }


def _reason(reason: Reason) -> dict[str, Any]:
    return {
        "code": str(reason.code),
        "plugin": reason.plugin,
        "message": reason_text(reason),
        "detail": dict(reason.detail),
    }


def _move(move: Move) -> dict[str, Any]:
    return {
        "placement": move.placement,
        "from": move.source,
        "to": move.destination,
        "replicas": move.replicas,
        "reason": str(move.reason),
    }
