"""A plan as plain data: what `-o json` and `-o yaml` print."""

import json
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import yaml

from kubefleet.cli._trail_data import reason_data, scores_of, trail_of
from kubefleet.jobs.plan import JobPlan
from kubefleet.model.decision import Decision, Move, Plan
from kubefleet.model.request import Request
from kubefleet.scheduling.autoscaled import autoscaled_parts
from kubefleet.spec.selection_record import record_of


class PlanForm(StrEnum):
    """How a plan is printed; `wide` tells every cluster's story, `json` and `yaml` are the same data."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"


def as_text(data: dict[str, Any], form: PlanForm) -> str:
    """Plain data as JSON or YAML, in the order of its keys."""
    return yaml.safe_dump(data, sort_keys=False) if form is PlanForm.YAML else json.dumps(data, indent=2) + "\n"


def plan_as_json(plan: Plan, requests: Iterable[Request], jobs: Iterable[JobPlan] = ()) -> dict[str, Any]:
    """Placements with clusters, refusals, what is kept and why; jobs; and moves. `requests` are those of the plan.

    Replicas count what is divided, else copies. A score is the sum of the scorers' values × their weights; `scores`
    are the values. For the rest see `trail_of`.
    """
    by_name = {request.name: request for request in requests}
    return {
        "placements": {
            decision.placement: _decision(decision, by_name[decision.placement]) for decision in plan.decisions
        },
        "jobs": {job.job: _job(job) for job in sorted(jobs, key=lambda job: job.job)},
        "moves": [_move(move) for move in plan.moves],
    }


def _decision(decision: Decision, request: Request) -> dict[str, Any]:
    candidates = {candidate.cluster: candidate for candidate in decision.candidates}
    clusters = {}
    for binding in decision.bindings:
        clusters[binding.cluster] = {
            "replicas": request.amount(binding.replicas),
            **scores_of(candidates.get(binding.cluster)),
        }
    return {
        "clusters": clusters,
        "refused": {name: [reason_data(reason) for reason in reasons] for name, reasons in decision.refused.items()},
        "kept": {name: [reason_data(reason) for reason in reasons] for name, reasons in decision.kept.items()},
        "warnings": [{"cluster": reason.cluster, **reason_data(reason)} for reason in decision.warnings],
        "unplaced": decision.unplaced,
        "later": [{"cluster": reason.cluster, **reason_data(reason)} for reason in decision.later],
        **trail_of(decision),
        **_autoscaled(request, decision),
        **({"selection": record_of(request.selection)} if request.selection is not None else {}),
    }


def _job(plan: JobPlan) -> dict[str, Any]:
    """Without `shards` where it does not fit; `start` is the first index, milliseconds are whole."""
    shards = {
        name: {
            "start": shard.indexes.min(),
            "count": shard.part.count,
            "capacity": shard.capacity,
            "slots": shard.part.slots,
            "milliseconds": shard.part.span,
            **({} if shard.price is None else {"price": float(round(shard.price, 6))}),
        }
        for name, shard in plan.shards.items()
    }
    refused = {name: [reason_data(reason) for reason in reasons] for name, reasons in plan.refused.items()}
    unfit = None
    if plan.unfit is not None:
        unfit = {"fit": plan.unfit.most, "deadlineMilliseconds": plan.unfit.deadline}
    return {"shards": shards, "refused": refused, **({"unfit": unfit} if unfit else {})}


def _autoscaled(request: Request, decision: Decision) -> dict[str, Any]:
    """`{autoscaled: {workload: {cluster: {min, max}}}}`, where there is one."""
    parts = autoscaled_parts(request, decision)
    shown = {
        workload: {name: {"min": bounds.least, "max": bounds.most} for name, bounds in by_cluster.items()}
        for workload, by_cluster in parts.items()
    }
    return {"autoscaled": shown} if shown else {}


def _move(move: Move) -> dict[str, Any]:
    return {
        "placement": move.placement,
        "from": move.source,
        "to": move.destination,
        "replicas": move.replicas,
        "reason": str(move.reason),
    }
