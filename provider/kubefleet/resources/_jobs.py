"""The jobs of a fleet among the decisions of `Schedule`: the first plan of each is an input that stays."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kubefleet.jobs.gang_state import nodes_to_json
from kubefleet.jobs.indexes import format_indexes
from kubefleet.jobs.plan import JobPlan, JobRequest, plan_jobs
from kubefleet.model.amounts import NOTHING
from kubefleet.model.cluster import Cluster, ClusterState
from kubefleet.model.decision import Plan, Previous
from kubefleet.model.snapshot import Snapshot
from kubefleet.report.job_lines import job_lines, unfit_text
from kubefleet.resources._adapter import Props
from kubefleet.resources._inputs import Declaration
from kubefleet.resources._job_queue import arrivals, waiting
from kubefleet.resources.keys import job_key
from kubefleet.scheduling import schedule_and_ask
from kubefleet.spec.mistakes import Mistake


@dataclass(frozen=True, slots=True)
class PlannedJobs:
    """Decisions as inputs, lines for the message of `Schedule` by job, and jobs that no cluster could ever run."""

    inputs: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[str, Sequence[str]] = field(default_factory=dict)
    mistakes: Sequence[Mistake] = ()


def plan_all(
    snapshot: Snapshot, declaration: Declaration, previous: Mapping[str, Previous], olds: Props, news: Props
) -> tuple[Plan, PlannedJobs]:
    """Placements, and then those jobs that have no plan yet: what was planned for a template is kept, whatever room
    there is by now, or no second run would find everything done.
    """
    jobs = declaration.jobs
    kept = {job.request.name: was for job in jobs if (was := _kept(job.request.name, olds, news)) is not None}
    waits = waiting(jobs, kept, declaration.queues, olds, news)
    new = [job.request for job in jobs if job.request.name not in kept and job.request.name not in waits]
    plan, room = schedule_and_ask(snapshot, declaration.requests, previous, [job.request for job in new])
    inputs, mistakes, places = dict(kept), [], arrivals(jobs, olds)
    lines: dict[str, list[str]] = {job.request.name: [] for job in jobs}
    for job in jobs:
        if (name := job.request.name) in waits:
            lines[name] = [f"{name} waits: {waits[name]}"]
            inputs[name] = {**_as_input(JobPlan(name, {}, {}), places, olds, news), "queued": job.options.queue}
    for made in plan_jobs(room, new):
        (asked,) = (job for job in new if job.name == made.job)
        inputs[made.job] = _as_input(made, places, olds, news)
        lines[made.job] = job_lines(made, asked.demand.completions)
        if inputs[made.job].get("begun"):
            lines[made.job].append("  it begins when its own pods have made room")
        if made.lacks:
            mistakes.append(Mistake(f"jobs.{made.job}.division.strategy", f"{made.lacks}."))
        if made.unfit is not None and (never := _never(snapshot, asked)):
            mistakes.append(Mistake(f"jobs.{made.job}", never))
    return plan, PlannedJobs({job_key(name): inputs[name] for name in sorted(inputs)}, lines, mistakes)


def _kept(name: str, olds: Props, news: Props) -> Any:
    """The plan of the last run, if it is one of this template. One that begins anew may have found no room but that of
    its own pods: it goes on by itself.
    """
    was = olds.get(job_key(name)) or {}
    planned = was.get("parts") or (was.get("begun") and not was.get("queued"))
    return was if planned and was.get("revision") == news["jobs"][name]["revision"] else None


def _as_input(plan: JobPlan, places: Mapping[str, int], olds: Props, news: Props) -> dict[str, Any]:
    raw, was = news["jobs"][plan.job], olds.get(job_key(plan.job)) or {}
    begun = bool(was.get("begun") or was.get("parts"))
    scope = f"{news.get('scope', '')}/{plan.job}/job"
    return {
        # Kept for ever, so that another name of the stack changes nothing.
        "uid": was.get("uid") or hashlib.sha256(scope.encode()).hexdigest()[:16],
        "revision": raw["revision"],
        "arrival": places[plan.job],
        "parts": {
            name: {
                "indexes": format_indexes(shard.indexes),
                "slots": shard.part.slots,
                **({"nodes": nodes_to_json(shard.nodes)} if shard.nodes else {}),
            }
            for name, shard in sorted(plan.shards.items())
        },
        **({"begun": True} if begun and not plan.shards else {}),
    }


def _never(snapshot: Snapshot, job: JobRequest) -> str:
    """Why not even empty clusters would do; nothing where it is only a matter of time, or nobody can tell."""
    if any(cluster.state is not ClusterState.READY for cluster in snapshot.clusters):
        return ""
    empty = replace(snapshot, clusters=tuple(map(_emptied, snapshot.clusters)))
    _, room = schedule_and_ask(empty, (), {}, [job.request])
    (made,) = plan_jobs(room, [job])
    if made.unfit is None:
        return ""
    why = unfit_text(made).removeprefix("queued: ")
    return "\n    ".join((f"{why}, even if nothing else ran there", *job_lines(made, 0)[1:]))


def _emptied(cluster: Cluster) -> Cluster:
    shapes = (replace(shape, free=((shape.allocatable, shape.count),), standing=()) for shape in cluster.shapes)
    return replace(cluster, shapes=tuple(shapes), bookings=(), pending=NOTHING)
