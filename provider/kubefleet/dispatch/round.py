"""One round of a job: look at all members, write down what came of it, and do what is next. Whoever dies in between
goes on with what was written.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from kubefleet.dispatch.acting import ActingJob
from kubefleet.dispatch.lease import Leases
from kubefleet.dispatch.shards import create_shard, fence_shard, read_shards
from kubefleet.jobs.account import Account, JobSeen, Seen, created, fenced, lost, observed, planned
from kubefleet.jobs.divide import Demand, DivideJobBy, DoesNotFit, Site
from kubefleet.jobs.shard_job import WholeJob
from kubefleet.jobs.steps import Create, Fence, next_parts, steps
from kubefleet.jobs.success import succeeded
from kubefleet.kube import Connection, MemberError, Unreachable, fan_out

LOOK: Final = 5.0
"""Seconds within which a member says what it has."""


@dataclass(frozen=True, slots=True)
class JobTask:
    """`members` are all that may have something of the job; `sites` what those that answer are for it now; `store`
    keeps an account before anything is done that it speaks of. What the members that are `leaving` have is taken away,
    and they get no more. `connect` raises Unreachable; it is `acting`'s where the job has an identity, and `look` then
    the reader's. `leases`: how long clusters go on by themselves.
    """

    job: WholeJob
    by: DivideJobBy
    demand: Demand
    members: tuple[str, ...]
    connect: Callable[[str], Connection]
    sites: Callable[[Collection[str]], Sequence[Site]]
    store: Callable[[Account], None]
    leaving: frozenset[str] = frozenset()
    leases: Leases | None = None
    acting: ActingJob | None = None
    look: Callable[[str], Connection] | None = None
    max_parallel: int = 32


@dataclass(frozen=True, slots=True)
class Round:
    """What a round has come to. `seen`: what members have; `silent`: why of members that do not answer; `refused`: why
    of those that refuse; `unfit`: why not all indexes have a place; `gang`: how far a gang is that does not run yet.
    """

    account: Account
    seen: Seen
    silent: Mapping[str, str]
    refused: Mapping[str, str]
    unfit: DoesNotFit | None = None
    gang: str = ""


def run_round(task: JobTask, account: Account, too_long: Collection[str] = ()) -> Round:
    """`too_long`: members that have not answered for so long that others get what they had. One that does answer now is
    none of these.

    Raises what is no member's fault.
    """
    seen, silent, refused = look_at(task)
    account = _kept(task, account, observed(account, seen))
    if task.leases is not None:
        refused |= task.leases.extend(account, seen, task.connect, partial(task.store, account))
    enough = succeeded(task.job.template, account.done)
    for name in task.members if enough else sorted((set(too_long) & set(silent)) | task.leaving):
        account = _kept(task, account, lost(account, name))
    # What is created waits for what is fenced on the same cluster: hence twice.
    for _ in range(2):
        account = _done(task, account, seen, refused)
    if enough or not account.idle:
        return Round(account, seen, silent, refused)
    try:
        parts = next_parts(account, task.by, task.sites(sorted(set(seen) - set(refused) - task.leaving)), task.demand)
    except DoesNotFit as error:
        return Round(account, seen, silent, refused, error)
    if parts:
        if task.leases is not None:
            task.leases.forget(parts)
        account = _kept(task, account, planned(account, parts))
        account = _done(task, account, seen, refused)
    return Round(account, seen, silent, refused)


def look_at(task: JobTask) -> tuple[dict[str, tuple[JobSeen, ...]], dict[str, str], dict[str, str]]:
    """What every member that answers has of the job; why of those that do not, and of those that refuse."""
    seen: dict[str, tuple[JobSeen, ...]] = {}
    silent: dict[str, str] = {}
    refused: dict[str, str] = {}

    def look(name: str) -> tuple[JobSeen, ...]:
        # A member that is gone must not keep the others waiting: the next round asks it again.
        return read_shards((task.look or task.connect)(name).by(time.monotonic() + LOOK), task.job)

    for name, outcome in zip(task.members, fan_out(task.members, look, max_parallel=task.max_parallel), strict=True):
        if isinstance(outcome.error, Unreachable):
            silent[name] = outcome.error.why
        elif isinstance(outcome.error, MemberError):
            refused[name] = str(outcome.error)
        else:
            seen[name] = outcome.get()
    return seen, silent, refused


def _done(task: JobTask, account: Account, seen: dict[str, tuple[JobSeen, ...]], refused: dict[str, str]) -> Account:
    """All that is next on all members, at the same time on several; the account is written after each."""
    todo = [step for step in steps(account, seen) if step.cluster not in refused]
    outcomes = fan_out(todo, lambda step: _do(task, step), max_parallel=task.max_parallel)
    for step, outcome in zip(todo, outcomes, strict=True):
        name = step.cluster
        if isinstance(outcome.error, MemberError):
            refused[name] = str(outcome.error)
            continue
        if isinstance(step, Fence) and outcome.get():
            account = fenced(account, name, step.generation)
            seen[name] = tuple(job for job in seen[name] if job.uid != step.uid)
        elif isinstance(step, Create) and (uid := outcome.get()):
            account = created(account, name, step.shard.generation, str(uid))
            seen[name] = (*seen[name], JobSeen(str(uid), step.shard.generation, step.shard.token))
    if todo:
        task.store(account)
    return account


def _do(task: JobTask, step: Fence | Create) -> str | bool:
    connection = task.connect(step.cluster)
    if isinstance(step, Fence):
        return fence_shard(connection, task.job, step.uid)
    limit = task.leases.rule.limit() if task.leases is not None else None
    look = task.look(step.shard.cluster) if task.look is not None else None
    return create_shard(connection, task.job, step.shard, limit, look=look)


def _kept(task: JobTask, before: Account, after: Account) -> Account:
    if after != before:
        task.store(after)
    return after
