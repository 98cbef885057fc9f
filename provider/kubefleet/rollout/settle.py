"""The end of a rollout: what the target no longer has is taken away, and what is done is recorded as done."""

from collections.abc import Callable
from dataclasses import replace

from kubefleet.kube import Cancelled, MemberError
from kubefleet.kube.member_apply import complete, remove
from kubefleet.model.phase import Phase
from kubefleet.rollout.companions import has_companions
from kubefleet.rollout.content import content_on
from kubefleet.rollout.each import Outcomes, on_each
from kubefleet.rollout.live import Live, read_live
from kubefleet.rollout.planner import plan_clearance
from kubefleet.rollout.progress import Progress
from kubefleet.rollout.scaling import autoscaled_keys
from kubefleet.rollout.step import patience, run_step
from kubefleet.rollout.task import Result, Task, pending_reason
from kubefleet.rollout.walk import run_rollout

BeforeRemoval = Callable[[tuple[str, ...]], Result | None]
"""Waits until these clusters may lose it; a result where they may not."""


def _at_once(_removals: tuple[str, ...]) -> None:
    """Nothing is waited for."""


def run_settle(task: Task, before_removal: BeforeRemoval = _at_once) -> Result:
    """Scale down, complete and prune on the clusters of the target; then remove the placement from all others.

    To be called only when every stage is complete. While a cluster of the target cannot be reached, or could not be
    when the stages ran, nothing is taken away anywhere: what should replace it may not be there. Never raises for what
    a member does.
    """
    try:
        live = read_live(task, [name for name in task.members if name not in task.behind])
        lost = {**live.unreachable, **dict.fromkeys(task.behind, "not brought up to date yet")}
        waiting = sorted(set(lost) & set(task.target))
        failures = _finish(task, live, take_away=not waiting)
        if not failures and not waiting:
            removals = plan_clearance(live.copies, task.target).removals
            if removals and (stopped := before_removal(removals)) is not None:
                return replace(stopped, pending=tuple(sorted({*stopped.pending, *removals})))
            if removals and task.lingers and (left := _drained(task)).phase is not Phase.COMPLETE:
                return replace(left, pending=tuple(sorted({*left.pending, *removals})))
            failures = _clear(task, removals)
    except Cancelled:
        return Result(Phase.INTERRUPTED, "cancelled. Run `pulumi up` again to continue")
    except MemberError as error:
        return Result(Phase.FAILED, str(error))
    pending = tuple(sorted(set(lost) & (set(task.target) | task.held_before)))
    if failures:
        return Result(Phase.FAILED, "; ".join(failures), pending)
    reason = pending_reason(pending, lost)
    return Result(Phase.COMPLETE, reason, pending)


def _drained(task: Task) -> Result:
    """Pods that have stayed until now go as all others do: within the budget."""
    return run_rollout(replace(task, lingers=False), "settle")


def _finish(task: Task, live: Live, *, take_away: bool) -> list[str]:
    """Every reachable cluster of the target gets exactly its replicas, and its record is completed."""
    downs = {step.cluster for step in plan_clearance(live.copies, task.target).scale_downs}
    if task.divides_companions and (autoscaled_keys(task) or has_companions(task.manifests)):
        # The replicas elsewhere have their say in the most that an autoscaler may choose here, and in a budget's part.
        downs = set(task.target) & set(live.copies)
    names = sorted((set(task.target) & set(live.copies)) - (set() if take_away else downs))
    progress = Progress("settle", len(task.target), task.show)

    def finish(name: str) -> None:
        if name in downs:
            run_step(task, name, task.target[name], progress)
        wanted = content_on(task, name, task.target[name])
        done = complete(
            task.connect(name),
            task.identity,
            wanted,
            patience=patience(task),
            before_record=lambda: task.narrow(name, wanted),
        )
        if not done.pruned.done:
            raise MemberError(name, "; ".join(f"not gone: {left}" for left in done.pruned.stuck))

    return _failures(on_each(names, str, finish, task.max_parallel))


def _clear(task: Task, names: tuple[str, ...]) -> list[str]:
    """Remove the placement from every cluster that it has left."""

    def clear(name: str) -> None:
        task.show(f"settle: removing it from {name}")
        task.timeline.note(f"removed from {name}")
        gone = remove(task.connect(name), task.identity, patience=patience(task), moved=True)
        if not gone.done:
            raise MemberError(name, "; ".join(f"not gone: {left}" for left in gone.stuck))
        task.withdraw(name)

    return _failures(on_each(names, str, clear, task.max_parallel))


def _failures(outcomes: Outcomes) -> list[str]:
    return [*outcomes.refused.values(), *(f"{name}: {why}" for name, why in sorted(outcomes.lost.items()))]
