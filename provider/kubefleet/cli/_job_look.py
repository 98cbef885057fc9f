"""How jobs stand by what their clusters say now, for the terminal."""

import shlex
import time
from collections.abc import Mapping, Sequence
from typing import Any

from rich.progress_bar import ProgressBar
from rich.table import Table

from kubefleet.cli._stack import exit_with
from kubefleet.cli._stack_jobs import StackJob
from kubefleet.jobs.account import Account
from kubefleet.jobs.indexes import format_indexes
from kubefleet.jobs.record import JobRecord
from kubefleet.jobs.verdict import JobPhase, Verdict
from kubefleet.kube import MemberError, fan_out
from kubefleet.model.access import Access, Kubeconfig
from kubefleet.report.duration_text import duration_text
from kubefleet.report.job_table import IndexPlace, JobRow, places_of, seconds_left

_BAR = 20
_SHOWN = 40


def look_at_jobs(jobs: Sequence[StackJob]) -> list[JobRow]:
    """In their order; members are asked in parallel."""
    return [outcome.get() for outcome in fan_out(jobs, _look)]


def _look(job: StackJob) -> JobRow:
    from kubefleet.resources._job_change import look, nothing
    from kubefleet.resources._job_hub import latest
    from kubefleet.resources._job_task import declared_job, job_task, record_of

    outputs = dict(job.outputs)
    if not job.is_dispatched:
        total = int(outputs["declared"]["total"])
        return JobRow(
            job.fleet, job.name, Verdict(JobPhase.RUNNING, outputs["reason"]), JobRecord(Account(total)), None, {}
        )
    known, why = record_of(outputs), {}
    try:
        known = latest(known, outputs)
    except MemberError as error:
        why[error.member] = str(error)
    found = look(outputs, known, job_task(outputs, nothing, known.account.generation))
    left = None
    if found.verdict.phase is JobPhase.RUNNING:
        left = seconds_left(found.account, found.seen, declared_job(outputs).request, time.time())
    return JobRow(job.fleet, job.name, found.verdict, found.kept, left, {**why, **found.silent, **found.refusing})


def row_table(rows: Sequence[JobRow]) -> Table:
    """A line for each job."""
    table = _table("JOB", "PHASE", "PROGRESS", "DONE", "RUNNING", "FAILED", "LEFT", "CLUSTERS")
    for row in rows:
        done, total = len(row.account.done), row.account.total
        table.add_row(
            row.name,
            str(row.verdict.phase),
            ProgressBar(total=total, completed=done, width=_BAR),
            f"{done}/{total}",
            str(len(row.account.in_flight)),
            str(row.failed),
            "-" if row.left is None else duration_text(row.left),
            ", ".join(row.clusters) or "-",
        )
    return table


def shard_table(rows: Sequence[JobRow]) -> Table:
    """A line for each shard."""
    table = Table(
        "JOB", "CLUSTER", "GENERATION", "STATE", "DONE", "FAILED", "AT ONCE", "INDEXES", box=None, pad_edge=False
    )
    for row in rows:
        for shard in row.account.shards:
            text = format_indexes(shard.indexes)
            table.add_row(
                row.name,
                shard.cluster,
                str(shard.generation),
                str(shard.state),
                f"{len(shard.completed)}/{len(shard.indexes)}",
                str(len(shard.failed)),
                str(shard.slots),
                text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...",
            )
    return table


def _table(*titles: str) -> Table:
    return Table(*titles, box=None, pad_edge=False)


def index_lines(job: StackJob, index: int) -> list[str]:
    """Where one index runs or has run, the last first, each with the command that prints its logs."""
    from kubefleet.resources._inputs import access_of, all_members
    from kubefleet.resources._job_task import whole_job

    row = _look(job)
    if index >= row.account.total:
        exit_with(f"`{job.full}` has no index {index} (expected 0 to {row.account.total - 1}).")
    whole = whole_job(dict(job.outputs)) if job.is_dispatched else None
    places = places_of(row.account, whole, index) if whole is not None else []
    if not places:
        return [f"{job.full} {index}: with no cluster yet: {row.verdict.reason}"]
    members: Mapping[str, Any] = all_members(dict(job.outputs))
    lines = []
    for place in places:
        raw = members.get(place.cluster)
        lines += _place_lines(f"{job.full} {index}", place, access_of(place.cluster, raw) if raw is not None else None)
    return lines


def _place_lines(what: str, place: IndexPlace, access: Access | None) -> list[str]:
    return [
        f"{what}: {place.state} on {place.cluster}",
        f"  namespace  {place.namespace}",
        f"  job        {place.job} (there it is index {place.local})",
        f"  pods       {place.selector}",
        f"  logs       {logs_command(place, access)}",
    ]


def logs_command(place: IndexPlace, access: Access | None) -> str:
    """As it can be run; which cluster it asks is left to the user where that is reached by no context of kubectl's."""
    words = ["kubectl"]
    if isinstance(access, Kubeconfig):
        words += [f"--kubeconfig={access.path}"] if access.path else []
        words += [f"--context={access.context}"]
    words += ["logs", f"--namespace={place.namespace}", f"--selector={place.selector}", "--all-containers", "--tail=-1"]
    return shlex.join(words)
