"""One run of a job during `pulumi up`."""

import time
from dataclasses import replace

from kubefleet.dispatch.drive import Driven, drive
from kubefleet.dispatch.finish import finish
from kubefleet.jobs.account import revised
from kubefleet.jobs.options import OnChange
from kubefleet.jobs.record import JobRecord
from kubefleet.jobs.verdict import JobPhase
from kubefleet.kube import MemberError
from kubefleet.kube.hub import HUB
from kubefleet.model.phase import Phase
from kubefleet.report.job_progress import JobProgress
from kubefleet.resources import _engine
from kubefleet.resources._adapter import Props
from kubefleet.resources._inputs import all_members
from kubefleet.resources._job_change import Look, look, nothing, refused, ways
from kubefleet.resources._job_driven import driven
from kubefleet.resources._job_hub import Keeping, at_work, way_out
from kubefleet.resources._job_task import (
    as_outputs,
    by_plan,
    declared_job,
    first_account,
    job_task,
    record_of,
    total_of,
)


def run_job(olds: Props | None, news: Props) -> Props:
    """The outputs. A change that may not be leaves everything as it was, and so does a hub that cannot be asked, or
    where another process is at work on the job.
    """
    before = olds if olds is not None and "account" in olds else None
    try:
        with at_work(news) as work:
            return _run(before, news, work)
    except MemberError as error:
        if error.member != HUB:
            raise
        reason = f"{error}. {way_out(error)}"
        _engine.show(f"{Phase.HELD}: {reason}", ephemeral=False, warning=True)
        return {**(before or news), "phase": Phase.HELD.value, "reason": reason}


def _run(before: Props | None, news: Props, work: Keeping) -> Props:
    known, leaving = work.load(None if before is None else record_of(before)), {}
    kept = JobRecord(first_account(news))
    if known is not None:
        # Who dies before Pulumi has written its state leaves only what the hub has.
        was = before or {**news, "state": JobPhase.RUNNING.value, "reason": ""}
        found = look(was, known, job_task({**was, **ways(was, news)}, nothing, known.account.generation))
        if why := refused(found, news):
            return {**was, **as_outputs(known), "phase": Phase.FAILED.value, "reason": why}
        kept, leaving = _going_on(found, news), _leaving(was, news, found.kept)
    work.begin(kept)
    inputs = {**news, "leaving": leaving}
    task, gang = driven(inputs, kept, work)
    urn, progress = _engine.current_urn(), JobProgress()
    done = drive(
        task,
        kept,
        declared_job(news).options,
        tell=lambda account, gang: _engine.show(progress.line(account, time.monotonic(), gang), urn=urn),
        cancelled=_engine.cancelled.is_set,
        gang=gang,
    )
    _tell(done)
    kept = work.keep(done.kept)
    for line in finish(task, done.job):
        _engine.show(line, ephemeral=False, warning=True)
    return {
        **inputs,
        **as_outputs(kept),
        "leaving": _leaving(inputs, news, kept),
        "phase": done.phase.value,
        "reason": done.reason,
        "state": done.job.value,
        "pending": [] if done.job is JobPhase.RUNNING else list(done.silent),
    }


def _going_on(found: Look, news: Props) -> JobRecord:
    """What is kept of a job that was dispatched before. One that is over and has another template begins anew."""
    kept, total, revision = found.kept, total_of(news), news["plan"]["revision"]
    account = kept.account
    if account.revision == revision:
        account = revised(account, revision, max(total, account.total), keeps_done=True)
        return replace(kept, account=by_plan(account, news))
    remaining = declared_job(news).options.on_change is OnChange.REMAINING
    keeps = remaining and found.verdict.phase is not JobPhase.COMPLETE
    return replace(kept, account=by_plan(revised(account, revision, total, keeps_done=keeps), news))


def _leaving(olds: Props, news: Props, kept: JobRecord) -> Props:
    """The records of members that are no longer declared and may still have something of it."""
    records = all_members(olds)
    working = {shard.cluster for shard in kept.account.shards if shard.state != "ended"}
    return {name: records[name] for name in sorted(working & records.keys() - news["members"].keys())}


def _tell(done: Driven) -> None:
    if done.phase is not Phase.COMPLETE:
        _engine.show(f"{done.phase}: {done.reason}", ephemeral=False, warning=True)
