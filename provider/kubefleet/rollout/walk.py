"""How a placement rolls out: one way to walk for each strategy."""

from kubefleet.model.strategy import RollingUpdate, SpreadUpdate, StagedUpdate
from kubefleet.rollout.spread import run_spread
from kubefleet.rollout.stage import run_stage
from kubefleet.rollout.task import Result, Task


def run_rollout(task: Task, stage: str = "all") -> Result:
    """Bring every cluster of the target to what was decided; of a staged rollout the target is that of one stage. Never
    raises for what a member does.
    """
    match task.strategy:
        case SpreadUpdate() as spread:
            return run_spread(task, spread, stage)
        case StagedUpdate() as staged:
            at_once = staged.stage(stage).max_concurrency
            within = RollingUpdate(at_once, at_once, staged.progress_deadline, staged.unverified_wait, at_once)
            return run_stage(task, within, stage)
        case RollingUpdate() as rolling:
            return run_stage(task, rolling, stage)
