"""One round of a gang. In two phases, as a transaction over clusters: the room is reserved everywhere, by placeholders
that have nodes, before any shard begins; then all begin.

Placeholders are deleted, and gone, before the shards begin, and not left to be preempted by the pods they keep room
for. Preemption may evict others of low priority, does nothing for pods whose class never preempts, and where a quota
counts both, the pods that would preempt do not even exist: of 60 that filled a cluster 27 ran after 25 s, and all
after 10 s where the placeholders were deleted. Nor does it keep the room any safer: whoever comes with a higher
priority than theirs takes it before as well as after. And a pod whose victim is deleted by somebody else in the same
moment may not be tried again for five minutes (kubernetes/kubernetes#141694): one of 14 gangs waited for that.
"""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from kubefleet.dispatch.gang_member import hold_room, look_at_gang, release_room, room_is_free, start_shard
from kubefleet.dispatch.round import LOOK, JobTask, Round
from kubefleet.dispatch.shards import create_shard, fence_shard
from kubefleet.jobs.account import Account, JobSeen, Shard, created, fenced, lost, observed
from kubefleet.jobs.gang import NoRoom, Seat
from kubefleet.jobs.gang_objects import confined
from kubefleet.jobs.gang_rooms import GangSeen, Release, Start, progress_of, room_steps
from kubefleet.jobs.gang_state import GangState
from kubefleet.jobs.gang_steps import begun, gang_verdict, how_far, judged, may_begin, stopped
from kubefleet.jobs.shard_job import WholeJob, shard_name
from kubefleet.jobs.steps import Create, Fence, steps
from kubefleet.jobs.success import succeeded
from kubefleet.jobs.verdict import JobPhase
from kubefleet.kube import MemberError, Unreachable, fan_out

Known = tuple[Account, GangState]
"""What is kept of a gang, the two always together."""


@dataclass(frozen=True, slots=True)
class GangTask:
    """A job that is a gang: `seats` is what clusters would get of it now, of those that are named; it raises NoRoom.
    After `timeout` seconds in one phase an attempt is given up. `store` keeps account and state, both at once, before
    anything is done that they speak of.
    """

    whole: JobTask
    seats: Callable[[Collection[str]], Mapping[str, Seat]]
    timeout: int
    store: Callable[[Account, GangState], None]

    @property
    def held_for(self) -> int:
        """Seconds after which placeholders go by themselves: later than any round would need them."""
        return 2 * self.timeout + 60


@dataclass(frozen=True, slots=True)
class _Found:
    seen: Mapping[str, GangSeen]
    silent: dict[str, str]
    refused: dict[str, str]

    @property
    def shards(self) -> dict[str, tuple[JobSeen, ...]]:
        return {name: seen.shards for name, seen in self.seen.items()}


def run_gang_round(task: GangTask, known: Known, now: int, too_long: Collection[str] = ()) -> tuple[Round, GangState]:
    """As `run_round`; `now` in seconds of the epoch. A member in `too_long` breaks the gang, which then begins anew.

    Raises what is no member's fault.
    """
    found = _look(task)
    account = observed(known[0], found.shards)
    for name in sorted((set(too_long) & set(found.silent)) | task.whole.leaving):
        account = lost(account, name)
    enough = succeeded(task.whole.job.template, account.done)
    progress = progress_of(account, found.seen)
    after = stopped(account) if enough else judged(account, known[1], progress, now, task.timeout)
    known = _kept(task, known, after)
    clear = not enough and not steps(known[0], found.shards) and not room_steps(*known, found.seen)
    clear = clear and not any(seen.stray for seen in found.seen.values())
    known = _shards(task, known, found)
    unfit = None
    if clear and not _has_failed(task, known) and may_begin(*known, set(found.silent) - set(too_long), now):
        try:
            known = _kept(task, known, _begun(task, known, found, now))
        except NoRoom as error:
            unfit = error
        else:
            known = _shards(task, known, found)
    _rooms(task, known, found)
    return Round(known[0], found.shards, found.silent, found.refused, unfit, how_far(*known, progress)), known[1]


def _look(task: GangTask) -> _Found:
    seen: dict[str, GangSeen] = {}
    silent: dict[str, str] = {}
    refused: dict[str, str] = {}
    whole = task.whole

    def look(name: str) -> GangSeen:
        return look_at_gang((whole.look or whole.connect)(name).by(time.monotonic() + LOOK), whole.job)

    outcomes = fan_out(whole.members, look, max_parallel=whole.max_parallel)
    for name, outcome in zip(whole.members, outcomes, strict=True):
        if isinstance(outcome.error, Unreachable):
            silent[name] = outcome.error.why
        elif isinstance(outcome.error, MemberError):
            refused[name] = str(outcome.error)
        else:
            seen[name] = outcome.get()
    return _Found(seen, silent, refused)


def _has_failed(task: GangTask, known: Known) -> bool:
    clusters = sorted(set(task.whole.members) - task.whole.leaving)
    return gang_verdict(*known, clusters, task.whole.job.template).phase is JobPhase.FAILED


def _begun(task: GangTask, known: Known, found: _Found, now: int) -> Known:
    """Without the clusters to blame, as long as the others have room for all. Raises NoRoom."""
    account, state = known
    names = sorted(set(found.seen) - set(found.refused) - task.whole.leaving)
    others = [name for name in names if name not in state.excluded]
    try:
        return begun(account, state, task.seats(others), now)
    except NoRoom:
        if others == names:
            raise
        return begun(account, replace(state, excluded=()), task.seats(names), now)


def _shards(task: GangTask, known: Known, found: _Found) -> Known:
    """Fence what is not wanted, create what is: suspended."""
    whole, (account, state) = task.whole, known
    todo = [step for step in steps(account, found.shards) if step.cluster not in found.refused]

    def do(step: Fence | Create) -> str | bool:
        connection = whole.connect(step.cluster)
        if isinstance(step, Fence):
            return fence_shard(connection, whole.job, step.uid)
        look = whole.look(step.shard.cluster) if whole.look is not None else None
        return create_shard(connection, _job_on(task, state, step.shard), step.shard, look=look, suspended=True)

    for step, outcome in zip(todo, fan_out(todo, do, max_parallel=whole.max_parallel), strict=True):
        name = step.cluster
        if isinstance(outcome.error, MemberError):
            found.refused[name] = str(outcome.error)
        elif isinstance(step, Fence) and outcome.get():
            account = fenced(account, name, step.generation)
        elif isinstance(step, Create) and (uid := outcome.get()):
            account = created(account, name, step.shard.generation, str(uid))
    return _kept(task, known, (account, state))


def _rooms(task: GangTask, known: Known, found: _Found) -> None:
    """Hold room, release it, and begin, on all members at the same time."""
    whole, (account, state) = task.whole, known
    todo = {name: more for name, more in room_steps(account, state, found.seen).items() if name not in found.refused}

    def do(name: str) -> None:
        connection = whole.connect(name)
        for step in todo[name]:
            if isinstance(step, Release):
                release_room(connection, whole.job, step.hold)
            elif isinstance(step, Start):
                if not room_is_free((whole.look or whole.connect)(name), whole.job):
                    return
                start_shard(connection, whole.job, shard_name(whole.job, step.shard), step.shard.uid)
            else:
                hold_room(connection, _job_on(task, state, step.shard), step.shard, task.held_for)

    names = sorted(todo)
    for name, outcome in zip(names, fan_out(names, do, max_parallel=whole.max_parallel), strict=True):
        if isinstance(outcome.error, MemberError):
            found.refused[name] = str(outcome.error)
        else:
            outcome.get()


def _job_on(task: GangTask, state: GangState, shard: Shard) -> WholeJob:
    job = task.whole.job
    return replace(job, template=confined(job.template, state.nodes(shard.cluster)))


def _kept(task: GangTask, before: Known, after: Known) -> Known:
    if after != before:
        task.store(*after)
    return after
