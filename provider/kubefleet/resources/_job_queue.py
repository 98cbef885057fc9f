"""Which jobs wait for their turn: by what the members say that runs."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from kubefleet.dispatch.standing_jobs import standing_jobs
from kubefleet.jobs.queue import Queued, QueueState, admit
from kubefleet.resources import _engine
from kubefleet.resources._adapter import Props
from kubefleet.resources._inputs import all_members
from kubefleet.resources._job_identity import reader_of
from kubefleet.resources.keys import job_key
from kubefleet.spec.job import JobDeclared


def arrivals(jobs: Sequence[JobDeclared], olds: Props) -> dict[str, int]:
    """Who came first: as it was, and new ones behind those."""
    known = {job.request.name: (olds.get(job_key(job.request.name)) or {}).get("arrival") for job in jobs}
    last = max((place for place in known.values() if place is not None), default=0)
    found = {}
    for name in sorted(known):
        place = known[name]
        if place is None:
            last += 1
            place = last
        found[name] = place
    return found


def waiting(
    jobs: Sequence[JobDeclared], kept: Mapping[str, Any], caps: Mapping[str, int], olds: Props, news: Props
) -> Mapping[str, str]:
    """Why jobs wait that have no plan yet, by name. One that begins anew while it runs keeps its place. Members are
    only asked where somebody might have to wait.
    """
    capped = [job for job in jobs if job.options.queue in caps]
    if all(job.request.name in kept for job in capped):
        return {}
    running = _running({job.request.name: olds.get(job_key(job.request.name)) or {} for job in capped}, olds, news)
    places = arrivals(jobs, olds)

    def state(name: str) -> QueueState:
        if name in running:
            return QueueState.RUNNING
        return QueueState.OVER if name in kept else QueueState.WAITING

    queued = [
        Queued(
            job.request.name,
            job.options.queue,
            job.request.request.priority,
            places[job.request.name],
            state(job.request.name),
        )
        for job in capped
    ]
    return admit(queued, caps).waiting


def _running(plans: Mapping[str, Any], olds: Props, news: Props) -> Collection[str]:
    """Those of which some member has a Job that is not over, or may have: where one is silent nobody knows."""
    members = {**all_members(olds), **news["members"]}
    apis = {raw["api"] for raw in news["jobs"].values()}
    standing, silent = standing_jobs(reader_of(news, members), sorted(members), apis)
    for name in sorted(silent):
        _engine.show(f"{name} does not say which jobs run there: {silent[name]}")
    unknown = {name for name, plan in plans.items() if silent.keys() & (plan.get("parts") or {}).keys()}
    return unknown | {name for name, plan in plans.items() if plan.get("uid") in standing}
