"""Walking a stage: batch by batch, live state read again before each."""

import time
from collections.abc import Mapping
from dataclasses import replace

from kubefleet.kube import Cancelled, MemberError
from kubefleet.model.phase import Phase
from kubefleet.model.strategy import RollingUpdate
from kubefleet.rollout.each import on_each
from kubefleet.rollout.endings import cut_short, stopped, taken, used_up, went_on
from kubefleet.rollout.live import read_live
from kubefleet.rollout.planner import Batch, Copy, plan_rollout
from kubefleet.rollout.progress import Progress
from kubefleet.rollout.step import run_step
from kubefleet.rollout.stop_first import stop_sources
from kubefleet.rollout.task import Result, Task, pending_reason

_LOOK_AGAIN = 1.0


def run_stage(task: Task, strategy: RollingUpdate, stage: str = "all", *, budget: bool = True) -> Result:
    """Bring every cluster of the target to its revision and at least to its replicas; nothing is taken away.

    With `budget` those that fail, cannot be reached or are not available use up what may be unavailable: none of the
    others is changed then, and those that may come back are waited for. Never raises for what a member does. Running
    it again continues: what is already so is not written.
    """
    progress = Progress(stage, len(task.target), task.show)
    finished: dict[str, Copy] = {}
    lost: dict[str, str] = {}
    failed: dict[str, str] = {}
    moved_on = time.monotonic()
    try:
        while True:
            live = read_live(task, [name for name in task.members if name not in lost])
            lost.update(live.unreachable)
            completed = {name: copy.revision for name, copy in live.copies.items()}
            if not finished and (result := taken(task, completed, _pending(task, lost))) is not None:
                return result
            copies = {**live.copies, **{name: _as_done(finished[name], live.copies.get(name)) for name in finished}}
            batches = plan_rollout(
                copies,
                task.target,
                task.revision,
                strategy,
                frozenset(lost),
                bounded=budget,
                last_first=bool(task.back),
            )
            for name in _at_rest(task, batches, lost):
                progress.done(name)
            batches = tuple(
                batch for whole in batches if (batch := tuple(step for step in whole if step.cluster not in finished))
            )
            if not batches:
                here = set(task.target) - set(lost)
                outdated = {name for name in here if not _is_at(copies.get(name), task)}
                if not outdated:
                    break
                # These are up to date: they may be available again any moment. Those that are lost are not asked again.
                ill = sorted(name for name in here - outdated if not copies[name].available)
                gone = set(task.target) & set(lost)
                in_vain = len(gone) >= strategy.max_unavailable.of(len(task.target))
                if in_vain or time.monotonic() - moved_on >= strategy.progress_deadline:
                    return used_up({name: lost[name] for name in gone}, failed, ill, outdated)
                task.show(f"{stage}: waits for {', '.join(ill)}: `max_unavailable` lets no other be changed meanwhile")
                task.sleep(_LOOK_AGAIN)
                continue
            if (result := stop_sources(task, batches[0])) is not None:
                return result
            outcomes = on_each(
                batches[0],
                lambda step: step.cluster,
                lambda step: run_step(task, step.cluster, step.replicas, progress),
                task.max_parallel,
                task.going,
            )
            moved_on = time.monotonic()
            lost.update({**outcomes.lost, **outcomes.unknown})
            finished.update({name: _healthy(task, batches[0], name) for name in outcomes.done})
            failed.update(outcomes.failures)
            if not strategy.on_failure.goes_on(len(failed), len(task.target)):
                return stopped(failed, strategy.on_failure, _pending(task, lost))
            lost.update(outcomes.failures)
            if (result := cut_short(outcomes, _pending(task, lost))) is not None:
                return result
    except Cancelled:
        return Result(Phase.INTERRUPTED, "cancelled. Run `pulumi up` again to continue", _pending(task, lost))
    except MemberError as error:
        return Result(Phase.FAILED, str(error), _pending(task, lost))
    return _judge(task, strategy, lost, failed)


def _is_at(copy: Copy | None, task: Task) -> bool:
    return copy is not None and copy.revision == task.revision


def _at_rest(task: Task, batches: tuple[Batch, ...], lost: Mapping[str, str]) -> list[str]:
    """Clusters of the target that need nothing (any more)."""
    busy = {step.cluster for batch in batches for step in batch}
    return sorted(set(task.target) - busy - set(lost))


def _healthy(task: Task, batch: Batch, cluster: str) -> Copy:
    """The copy that a step on this cluster has left behind."""
    replicas = next(step.replicas for step in batch if step.cluster == cluster)
    return Copy(cluster, task.revision, replicas, available=True)


def _as_done(done: Copy, live: Copy | None) -> Copy:
    """A cluster that this run has finished: its record is completed only at the end, by `Settle`."""
    return done if live is None else replace(live, revision=done.revision)


def _pending(task: Task, lost: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sorted(set(lost) & set(task.target)))


def _judge(task: Task, strategy: RollingUpdate, lost: Mapping[str, str], failed: Mapping[str, str]) -> Result:
    """Members that could not be reached count as unavailable: within the budget the stage is complete. So it is with
    those that have failed, as far as they may.
    """
    silent = [name for name in _pending(task, lost) if name not in failed]
    reason = pending_reason(silent, lost)
    if len(silent) > strategy.max_unavailable.of(len(task.target)):
        return Result(Phase.FAILED, f"{reason}. Run `pulumi up` again when it is back", _pending(task, lost))
    reason = "; ".join(filter(None, (went_on(failed), reason)))
    return Result(Phase.COMPLETE, reason, _pending(task, lost))
