"""What holds a stage of a rollout: the stages before it, approvals, and the time that it has to have been healthy."""

import time
from collections.abc import Callable

from kubefleet.kube import Cancelled
from kubefleet.model.gate import Approval, Wait, approval_of
from kubefleet.model.phase import Phase
from kubefleet.model.strategy import Stage
from kubefleet.resources._adapter import Props
from kubefleet.rollout.live import read_live
from kubefleet.rollout.task import Result, Task

_LOOK_AGAIN = 1.0
_EVERY = 10


def held_by_stage(news: Props) -> str:
    """Why the stages before this one hold it; empty where they are complete."""
    for name, before in sorted((news.get("after") or {}).items()):
        if before.get("phase") != Phase.COMPLETE:
            return f"stage `{name}` is {before.get('phase')}"
    return ""


def held_by_approval(news: Props, stage: Stage, olds: Props | None) -> str:
    """Why a missing approval holds it, and how to give it. A stage that was complete at this revision needs none."""
    revision, placement = str(news["revision"]), str(news["placement"])
    if not any(isinstance(gate, Approval) for gate in stage.before) or was_complete(olds, revision):
        return ""
    if approval_of(placement, stage.name, revision) in (news.get("approvals") or ()):
        return ""
    return (
        f"revision {revision} needs an approval: `kubefleet approve {placement} {stage.name}`, then `pulumi up` again"
    )


def was_complete(olds: Props | None, revision: str) -> bool:
    """Whether the stage has had this revision, all of it, before: adding replicas waits for nobody."""
    return olds is not None and olds.get("revision") == revision and olds.get("phase") == Phase.COMPLETE


def healthy_since(olds: Props | None, revision: str, now: float) -> float:
    """Since when the stage is healthy at a revision, in seconds of `time.time`; kept from run to run."""
    healthy = (olds or {}).get("healthy") or {}
    return float(healthy["since"]) if healthy.get("revision") == revision else now


def wait_out(task: Task, stage: Stage, since: float, clock: Callable[[], float] = time.time) -> Result | None:
    """Wait until the stage has been healthy for as long as its gates say; a result where it does not stay so."""
    until = since + max((gate.seconds for gate in stage.after if isinstance(gate, Wait)), default=0)
    if clock() >= until:
        return None
    told = None
    try:
        while (left := until - clock()) > 0:
            if int(left) // _EVERY != told:
                told = int(left) // _EVERY
                task.show(f"{stage.name}: healthy, waits {int(left) + 1}s more")
            task.sleep(min(_LOOK_AGAIN, left))
        live = read_live(task, task.target)
    except Cancelled:
        return Result(Phase.INTERRUPTED, "cancelled. Run `pulumi up` again to continue")
    ill = sorted(name for name, copy in live.copies.items() if not copy.available)
    if ill:
        return Result(Phase.FAILED, f"not available any more after the wait: {', '.join(ill)}")
    return None
