"""Moves of singletons: as many copies stop as new ones start, before these start."""

from kubefleet.kube.member_apply import stop
from kubefleet.model.phase import Phase
from kubefleet.rollout.each import on_each
from kubefleet.rollout.live import read_live
from kubefleet.rollout.planner import Action, Batch
from kubefleet.rollout.step import patience
from kubefleet.rollout.task import Result, Task

_MAY_RUN = (
    "{} cannot be reached and may still run it; of this placement no two run at once. Run `pulumi up` again when it is "
    'back, or say move="surge"'
)


def stop_sources(task: Task, batch: Batch) -> Result | None:
    """Stop copies on clusters that the decision has left, so that no more of them run than are still to be started
    after this batch. None where the batch may begin; else why not.

    Doing it again does nothing. Raises Cancelled.
    """
    starting = {step.cluster for step in batch if step.action is Action.CREATE}
    if not (task.stop_first and starting) or task.divided:
        return None
    live = read_live(task, task.may_hold)
    silent = tuple(sorted((set(live.unreachable) & task.held_before) - set(task.everywhere)))
    if silent:
        return Result(Phase.FAILED, _MAY_RUN.format(", ".join(silent)), silent)
    sources = sorted(set(live.copies) - set(task.everywhere))
    later = len(set(task.everywhere) - set(live.copies) - starting)

    def stop_on(name: str) -> None:
        task.show(f"stopping it on {name}")
        stop(task.connect(name), task.identity, patience(task))
        task.timeline.note(f"stopped on {name}")

    outcomes = on_each(sources[: max(0, len(sources) - later)], str, stop_on, task.max_parallel)
    if outcomes.lost:
        silent = tuple(sorted(outcomes.lost))
        return Result(Phase.FAILED, _MAY_RUN.format(", ".join(silent)), silent)
    if outcomes.refused:
        return Result(Phase.FAILED, "; ".join(why for _, why in sorted(outcomes.refused.items())))
    return None
