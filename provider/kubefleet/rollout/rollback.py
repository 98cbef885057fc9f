"""Going back: a rollout in the other direction, to what was kept of the revision before."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from kubefleet.kube import Cancelled, Connection, MemberError
from kubefleet.kube.inventory_store import read_inventory_object
from kubefleet.kube.kept_revision import KeptRevision, forget_revision, read_kept_revision
from kubefleet.kube.member_apply import complete
from kubefleet.model.on_failure import OnFailure, Then
from kubefleet.model.phase import Phase
from kubefleet.model.share import Share
from kubefleet.rollout.content import content_on
from kubefleet.rollout.each import on_each
from kubefleet.rollout.live import read_each, read_live
from kubefleet.rollout.planner import Copy
from kubefleet.rollout.step import patience
from kubefleet.rollout.task import Result, Task, pending_reason
from kubefleet.rollout.walk import run_rollout

Stages = tuple[tuple[str, frozenset[str]], ...]
"""The name of each stage and its clusters, in order."""
_ALL = OnFailure(Then.CONTINUE, Share(100, percent=True))


def run_rollback(task: Task, stages: Stages) -> Result:
    """Every cluster that the rollout has touched goes back to the revision that was completed there before, the last
    stage first, within the strategy's budget. Replicas stay as they are, and so does a copy that is new.

    Held, with the revisions that it went back to: what was to be rolled out is not. Never raises for what a member
    does.
    """
    try:
        kept, lost = read_each(task, task.members, lambda name: _kept(task.connect(name), task.identity.uid))
        if not kept:
            return Result(Phase.HELD, "nothing to roll back to: no cluster has had another revision", tuple(lost))
        back, live = _back(task, kept), read_live(task, set(task.members) - set(lost)).copies
        left: dict[str, str] = {}
        for stage, clusters in reversed(stages):
            mine = {name: live[name].replicas for name in sorted(clusters & set(live))}
            if not clusters & set(kept):
                continue
            part = replace(back, target=mine, members=tuple(mine))
            done = run_rollout(part, f"rollback of {stage}" if len(stages) > 1 else "rollback", of=stage)
            if done.phase is Phase.INTERRUPTED:
                return done
            # Of one that stopped nobody can tell here how far it got: none of its clusters is written down as back.
            there = clusters & set(kept) if done.phase is Phase.FAILED else set(done.pending) & set(kept)
            left.update(dict.fromkeys(there, done.reason))
        finished = sorted(set(kept) - set(left))
        failures = _record(back, finished, live)
    except Cancelled:
        return Result(Phase.INTERRUPTED, "cancelled. Run `pulumi up` again to continue")
    except MemberError as error:
        return Result(Phase.FAILED, f"rollback: {error}")
    why = [*sorted(set(left.values())), *failures]
    told = _told({name: kept[name].revision for name in finished})
    if why:
        return Result(Phase.FAILED, "; ".join(filter(None, (told, "not rolled back: " + "; ".join(why)))), tuple(left))
    return Result(Phase.HELD, "; ".join(filter(None, (told, pending_reason(sorted(lost), lost)))), tuple(sorted(lost)))


def _kept(connection: Connection, uid: str) -> KeptRevision | None:
    """What a cluster goes back to; None where the rollout has not touched it, or nothing was there before."""
    inventory = read_inventory_object(connection, uid)
    if inventory is not None and inventory.completed:
        # Who was killed after it was back has left that here.
        forget_revision(connection, uid)
        return None
    if inventory is None or not inventory.previous:
        return None
    kept = read_kept_revision(connection, uid)
    return kept if kept is not None and kept.revision == inventory.previous else None


def _back(task: Task, kept: Mapping[str, KeptRevision]) -> Task:
    """The checks are those of the revision before, and one cluster that fails does not keep the others."""
    return replace(
        task,
        back=kept,
        revision=min(one.revision for one in kept.values()),
        checks=task.checks_before,
        strategy=replace(task.strategy, on_failure=_ALL),
        divided=False,
        fresh=False,
    )


def _record(back: Task, clusters: Iterable[str], live: Mapping[str, Copy]) -> list[str]:
    """Write down that they are at the revision before; what only the other one had is removed."""

    def record(name: str) -> None:
        wanted = content_on(back, name, live[name].replicas)
        done = complete(back.connect(name), back.identity, wanted, patience=patience(back))
        if not done.pruned.done:
            raise MemberError(name, "; ".join(f"not gone: {one}" for one in done.pruned.stuck))

    outcomes = on_each(clusters, str, record, back.max_parallel)
    return [*outcomes.refused.values(), *(f"{name}: {why}" for name, why in sorted(outcomes.lost.items()))]


def _told(revisions: Mapping[str, str]) -> str:
    """`rolled back: eu-1 and us-1 to revision 3f…`."""
    by: dict[str, list[str]] = {}
    for name, revision in sorted(revisions.items()):
        by.setdefault(revision, []).append(name)
    if not by:
        return ""
    return "rolled back: " + "; ".join(f"{', '.join(names)} to revision {one}" for one, names in sorted(by.items()))
