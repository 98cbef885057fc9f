"""How a placement rolls out: one way to walk for each strategy."""

from kubefleet.model.share import Share
from kubefleet.model.strategy import RollingUpdate, SpreadUpdate, StagedUpdate
from kubefleet.rollout.spread import run_spread
from kubefleet.rollout.stage import run_stage
from kubefleet.rollout.task import Result, Task


def run_rollout(task: Task, stage: str = "all", *, of: str = "") -> Result:
    """Bring every cluster of the target to what was decided; of a staged rollout the target is that of one stage, which
    rows call `stage` (`of`: what the strategy calls it, where that is not the same). Never raises for what a member
    does.
    """
    match task.strategy:
        case SpreadUpdate() as spread:
            return run_spread(task, spread, stage)
        case StagedUpdate() as staged:
            return run_stage(task, _within(staged, staged.stage(of or stage).max_concurrency), stage, budget=False)
        case RollingUpdate() as rolling:
            return run_stage(task, rolling, stage)


def _within(staged: StagedUpdate, at_once: Share) -> RollingUpdate:
    """One of its stages. How many may change at once says nothing of how many may be unavailable: those that fail are
    bounded by `max_failures`.
    """
    return RollingUpdate(at_once, at_once, staged.progress_deadline, staged.unverified_wait, at_once, staged.on_failure)
