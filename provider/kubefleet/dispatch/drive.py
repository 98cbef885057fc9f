"""A job, round after round, until what is waited for has come."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from kubefleet.dispatch.gang_round import GangTask, run_gang_round
from kubefleet.dispatch.lease import run_out
from kubefleet.dispatch.round import JobTask, Round, run_round
from kubefleet.jobs.account import Account, ShardState
from kubefleet.jobs.divide import DoesNotFit
from kubefleet.jobs.gang import NoRoom
from kubefleet.jobs.gang_state import GangPhase, GangState, state_from_json, state_to_json
from kubefleet.jobs.gang_steps import gang_verdict
from kubefleet.jobs.options import JobOptions, WaitFor
from kubefleet.jobs.record import JobRecord
from kubefleet.jobs.steps import to_begin
from kubefleet.jobs.verdict import JobPhase, Verdict, verdict
from kubefleet.kube.patience import Impatient, Patience
from kubefleet.model.phase import Phase

_FIRST: Final = 0.5
_LONGEST: Final = 5.0


@dataclass(frozen=True, slots=True)
class Driven:
    """How far it has come: `phase` is that of the wait, `job` the job's own. `silent` members have not said what they
    have of it.
    """

    kept: JobRecord
    phase: Phase
    job: JobPhase
    reason: str = ""
    silent: tuple[str, ...] = ()


def too_long(kept: JobRecord, options: JobOptions, now: float) -> frozenset[str]:
    """Members that are given up: silent for longer than they may be, and longer than what they have may run. None of a
    job that may not run twice.
    """
    if not options.at_least_once:
        return frozenset()
    silent = frozenset(name for name, since in kept.silent.items() if now - since > options.lost_after)
    return silent if options.lease is None else run_out(kept.leased, silent, now)


def after_round(kept: JobRecord, found: Round, now: float) -> JobRecord:
    """With what a round has found. That a member is silent which has nothing to do concerns nobody."""
    working = {shard.cluster for shard in found.account.shards if shard.is_open}
    silent = {name: kept.silent.get(name, int(now)) for name in sorted(working & set(found.silent))}
    return replace(kept, account=found.account, silent=silent)


def gang_state(kept: JobRecord) -> GangState:
    """How far a gang has come. Raises ValueError where what was kept is edited."""
    return state_from_json(kept.gang) if kept.gang else GangState()


def how_it_stands(task: JobTask, kept: JobRecord) -> Verdict:
    """Of a job, or of a gang."""
    clusters, template = sorted(set(task.members) - task.leaving), task.job.template
    if kept.gang:
        return gang_verdict(kept.account, gang_state(kept), clusters, template)
    return verdict(kept.account, clusters, template)


def drive(
    task: JobTask,
    kept: JobRecord,
    options: JobOptions,
    *,
    tell: Callable[[Account, str], None],
    cancelled: Callable[[], bool],
    gang: GangTask | None = None,
    clock: Callable[[], float] = time.time,
) -> Driven:
    """Rounds until what the options wait for has come, the job is over, or time is. `tell` is told of every round, and
    how far a gang is that does not run yet.

    Raises what is no member's fault.
    """
    end, wait = time.monotonic() + options.timeout, _FIRST
    patience = Patience(options.timeout, end, cancelled)
    while True:
        now = clock()
        lost = too_long(kept, options, now)
        if gang is None:
            found = run_round(task, kept.account, lost)
        else:
            found, state = run_gang_round(gang, (kept.account, gang_state(kept)), int(now), lost)
            kept = replace(kept, gang=state_to_json(state))
        kept = after_round(kept, found, now)
        if task.leases is not None:
            kept = replace(kept, leased=task.leases.leased)
        tell(kept.account, found.gang)
        if (done := _over(task, kept, found, options)) is not None:
            return replace(done, silent=tuple(sorted(found.silent)))
        try:
            patience.sleep(wait)
        except Impatient as over:
            if over.cancelled:
                return Driven(kept, Phase.INTERRUPTED, JobPhase.RUNNING, "interrupted. Run `pulumi up` again")
            why = waits(kept, found)
            return Driven(kept, Phase.HELD, JobPhase.RUNNING, f"{why}; it goes on. Run `pulumi up` again to look")
        wait = min(_LONGEST, wait * 1.5)


def _over(task: JobTask, kept: JobRecord, found: Round, options: JobOptions) -> Driven | None:
    judged = how_it_stands(task, kept)
    if judged.phase is JobPhase.COMPLETE:
        return Driven(kept, Phase.COMPLETE, judged.phase)
    if judged.phase is JobPhase.FAILED:
        return Driven(kept, Phase.FAILED, judged.phase, judged.reason)
    if not kept.gang and (refused := _refused(kept.account, found)):
        return Driven(kept, Phase.FAILED, judged.phase, refused)
    if options.wait is WaitFor.COMPLETED:
        return None
    if options.wait is WaitFor.DISPATCHED and found.unfit is not None:
        # There is no room: nothing would change by waiting that the next run would not see too.
        return Driven(kept, Phase.HELD, judged.phase, f"{waits(kept, found)}. Run `pulumi up` again")
    if kept.gang:
        # Until all of it runs somebody has to see it through.
        return Driven(kept, Phase.COMPLETE, judged.phase) if gang_state(kept).phase is GangPhase.RUNNING else None
    if found.unfit is None and _reached(task, kept.account, options.wait, found):
        return Driven(kept, Phase.COMPLETE, judged.phase)
    return None


def _refused(account: Account, found: Round) -> str:
    """Why a member takes no shard: that does not change by waiting."""
    waiting = {shard.cluster for shard in account.shards if shard.state is ShardState.PLANNED}
    return "; ".join(found.refused[name] for name in sorted(waiting & found.refused.keys()))


def _reached(task: JobTask, account: Account, wait: WaitFor, found: Round) -> bool:
    """What a silent member has is neither here nor there until that is given up. What may not begin before others are
    done, because so many run at once, is for later.
    """
    there = [shard for shard in account.shards if shard.is_open and shard.cluster not in found.silent]
    left = account.idle - account.given_up(())
    if (left and to_begin(account, task.demand) != 0) or not all(shard.uid for shard in there):
        return False
    started = {job.uid for jobs in found.seen.values() for job in jobs if job.started}
    return wait is WaitFor.DISPATCHED or all(shard.uid in started for shard in there)


def waits(kept: JobRecord, found: Round) -> str:
    """How far it is, and what it waits for."""
    account = kept.account
    parts = [f"{len(account.done)}/{account.total} indexes are done"]
    if kept.gang:
        state = gang_state(kept)
        parts += [text for text in (found.gang or state.phase.value, state.reason) if text and found.unfit is None]
    if isinstance(found.unfit, NoRoom):
        parts.append(str(found.unfit))
    elif found.unfit is not None:
        parts.append(_unfit(found.unfit, len(account.idle)))
    parts += [f"{name} is silent: {why}" for name, why in sorted(found.silent.items())]
    parts += [why for _, why in sorted(found.refused.items())]
    parts += [f"{name}: {job.waiting}" for name, jobs in sorted(found.seen.items()) for job in jobs if job.waiting]
    return ", ".join(parts)


def _unfit(error: DoesNotFit, left: int) -> str:
    if error.deadline is None:
        return f"no cluster has room for the {left} left"
    return f"{error.most} of the {left} left would end by the deadline"
