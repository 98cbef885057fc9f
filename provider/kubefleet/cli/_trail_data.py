"""The trail of a decision as plain data: filters, scores, ties, what nearly passed, what would make it fit."""

from typing import Any

from kubefleet.model.decision import Candidate, Decision, FilterStep
from kubefleet.model.reason import Reason
from kubefleet.model.relaxation import Relaxation
from kubefleet.report.ranking import nearest_misses, ranked, ties
from kubefleet.report.reason_text import reason_text
from kubefleet.report.relaxation_text import change_text, relaxation_text


def trail_of(decision: Decision) -> dict[str, Any]:
    """`missing` has a reason for each copy or workload without a place, `failures` scorers that could give nothing,
    `relaxations` what would make everything fit (the smallest first), `funnel` the filters in order, `weights` those of
    the scorers, `ranking` every cluster that fits, the best first, `ties` those that names have decided, `nearest` the
    refused clusters that lack least.
    """
    best_first = ranked(decision)
    return {
        "missing": [{"cluster": reason.cluster, **reason_data(reason)} for reason in decision.missing],
        "failures": [{"cluster": reason.cluster, **reason_data(reason)} for reason in decision.failures],
        "relaxations": [_relaxation(relaxation) for relaxation in decision.relaxations],
        "funnel": [_step(step) for step in decision.funnel],
        "weights": {score.scorer: score.weight for score in best_first[0].scores} if best_first else {},
        "ranking": [{"cluster": candidate.cluster, **scores_of(candidate)} for candidate in best_first],
        "ties": [{"chosen": winner, "other": loser} for winner, loser in ties(decision, best_first)],
        "nearest": [name for name, _ in nearest_misses(decision)],
    }


def scores_of(candidate: Candidate | None) -> dict[str, Any]:
    """The sum of value × weight, and the values by scorer; nothing of a cluster that was not a candidate."""
    if candidate is None:
        return {"score": 0, "scores": {}}
    return {"score": candidate.total, "scores": {score.scorer: score.value for score in candidate.scores}}


def reason_data(reason: Reason) -> dict[str, Any]:
    """A reason, without the cluster."""
    return {
        "code": str(reason.code),
        "plugin": reason.plugin,
        "message": reason_text(reason),
        "detail": dict(reason.detail),
    }


def _step(step: FilterStep) -> dict[str, Any]:
    return {"filter": step.filter, "left": step.left, "refused": list(step.refused), "warns": step.warns}


def _relaxation(relaxation: Relaxation) -> dict[str, Any]:
    return {
        "message": relaxation_text(relaxation),
        "unplaced": relaxation.unplaced,
        "changes": [
            {"constraint": str(change.constraint), "message": change_text(change), "detail": dict(change.detail)}
            for change in relaxation.changes
        ],
    }
