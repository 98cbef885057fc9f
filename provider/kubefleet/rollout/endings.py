"""How a walk ends before its end: what it returns, and what that says."""

from collections.abc import Iterable, Mapping

from kubefleet.model.on_failure import OnFailure, Then
from kubefleet.model.phase import Phase
from kubefleet.rollout.each import Outcomes
from kubefleet.rollout.task import Result, Task, pending_reason

_HANDOVER = "owned by {}, freed at the end of this `pulumi up`. Run it again"

_TAKEN = (
    "{}: another stack of this name has placed it there, or the state of this one was lost. Rename the stack or the "
    "placement; to take it over, delete the ConfigMap `{}` in namespace `pulumi-kubefleet` there"
)


def stopped(failed: Mapping[str, str], on_failure: OnFailure, pending: tuple[str, ...]) -> Result:
    """Failed, with one line for each cluster that is."""
    told = [why for _, why in sorted(failed.items())]
    if on_failure.then is Then.CONTINUE:
        told.append(f"{len(failed)} failed, more than `max_failures` allows")
    return Result(Phase.FAILED, "; ".join(told), pending, broken=True)


def used_up(lost: Mapping[str, str], failed: Mapping[str, str], ill: Iterable[str], outdated: Iterable[str]) -> Result:
    """Failed: none of the outdated may be unavailable beside those that are lost, have failed, or are ill."""
    silent = sorted(set(lost) - set(failed))
    beside = ", ".join(
        [
            *([f"{len(failed)} that failed"] if failed else []),
            *(f"{name} (cannot be reached)" for name in silent),
            *(f"{name} (not available)" for name in sorted(ill)),
        ]
    )
    told = [*(why for _, why in sorted(failed.items())), pending_reason(silent, lost)]
    told.append(f"`max_unavailable` lets no other be changed beside {beside}: {', '.join(sorted(outdated))}")
    pending = tuple(sorted({*lost, *failed, *outdated}))
    return Result(Phase.FAILED, "; ".join(filter(None, told)), pending, broken=bool(failed))


def went_on(failed: Mapping[str, str]) -> str:
    """What a rollout says in the end that has left clusters behind; empty where none has failed."""
    if not failed:
        return ""
    return "; ".join((*(why for _, why in sorted(failed.items())), "left behind: the next `pulumi up` tries again"))


def taken(task: Task, completed: Mapping[str, str], pending: tuple[str, ...] = ()) -> Result | None:
    """Failed, where this stack has never placed it and a cluster has it completed at a revision (by cluster)."""
    if not task.fresh or not any(completed.values()):
        return None
    names = ", ".join(sorted(name for name, revision in completed.items() if revision))
    return Result(Phase.FAILED, _TAKEN.format(names, task.identity.uid), pending)


def cut_short(outcomes: Outcomes, pending: tuple[str, ...]) -> Result | None:
    """Failed, where there was no identity to act under; held, where something is still owned by a placement that goes
    at the end of this command.
    """
    if outcomes.unknown:
        return Result(Phase.FAILED, "; ".join(why for _, why in sorted(outcomes.unknown.items())), pending)
    if not outcomes.awaited:
        return None
    return Result(Phase.HELD, _HANDOVER.format(", ".join(outcomes.awaited)), pending)
