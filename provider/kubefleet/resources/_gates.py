"""What holds a stage of a rollout: the stages before it, and approvals; and since when it is healthy."""

from kubefleet.model.gate import Approval, approval_of
from kubefleet.model.phase import Phase
from kubefleet.model.strategy import Stage
from kubefleet.resources._adapter import Props


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
