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
    """Why jobs wait that have no plan yet, by name. Members are only asked where somebody might have to."""
    capped = [job for job in jobs if job.options.queue in caps]
    if all(job.request.name in kept for job in capped):
        return {}
    running = _running({name: plan["uid"] for name, plan in kept.items()}, kept, olds, news)
    places = arrivals(jobs, olds)

    def state(name: str) -> QueueState:
        if name not in kept:
            return QueueState.WAITING
        return QueueState.RUNNING if name in running else QueueState.OVER

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


def _running(uids: Mapping[str, str], kept: Mapping[str, Any], olds: Props, news: Props) -> Collection[str]:
    """Those of which some member has a Job that is not over, or may have: where one is silent nobody knows."""
    members = {**all_members(olds), **news["members"]}
    apis = {raw["api"] for raw in news["jobs"].values()}
    standing, silent = standing_jobs(reader_of(news, members), sorted(members), apis)
    for name in sorted(silent):
        _engine.show(f"{name} does not say which jobs run there: {silent[name]}")
    unknown = {name for name, plan in kept.items() if silent.keys() & plan["parts"].keys()}
    return unknown | {name for name, uid in uids.items() if uid in standing}
