"""What clusters have of a gang, and what is next there: room is held, then released, and shards begin."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from immutabledict import immutabledict

from kubefleet.jobs.account import Account, JobSeen, Shard
from kubefleet.jobs.gang_state import GangPhase, GangState
from kubefleet.jobs.gang_steps import Progress, attempt


@dataclass(frozen=True, slots=True)
class Hold:
    """The placeholders for the shard with that token, as one object; `bound` of them have been given a node."""

    name: str
    uid: str
    token: str
    bound: int = 0


@dataclass(frozen=True, slots=True)
class GangSeen:
    """What a cluster has. `up` are, by uid of a shard's Job, its pods that are ready or have succeeded; `suspended`
    such Jobs that are; `stray` counts those whose placeholders are there still, and are not held any more.
    """

    shards: tuple[JobSeen, ...] = ()
    up: Mapping[str, int] = field(default_factory=immutabledict)
    suspended: frozenset[str] = frozenset()
    holds: tuple[Hold, ...] = ()
    stray: int = 0


@dataclass(frozen=True, slots=True)
class Start:
    """Let the Job of a shard run, as soon as nothing keeps its room any more."""

    shard: Shard


@dataclass(frozen=True, slots=True)
class Release:
    """Remove placeholders."""

    hold: Hold


@dataclass(frozen=True, slots=True)
class Reserve:
    """Create the placeholders of a shard, whose Job is there."""

    shard: Shard


Step = Start | Release | Reserve


def progress_of(account: Account, seen: Mapping[str, GangSeen]) -> Progress:
    """How far the attempt is on every cluster that has something to say."""
    shards = [shard for shard in attempt(account) if shard.cluster in seen]

    def bound(shard: Shard) -> int:
        return sum(hold.bound for hold in seen[shard.cluster].holds if hold.token == shard.token)

    def has_begun(shard: Shard) -> bool:
        here = seen[shard.cluster]
        return shard.uid in {job.uid for job in here.shards} - here.suspended

    return Progress(
        {shard.cluster: bound(shard) for shard in shards},
        {shard.cluster: seen[shard.cluster].up.get(shard.uid, 0) for shard in shards},
        frozenset(shard.cluster for shard in shards if has_begun(shard)),
    )


def room_steps(account: Account, state: GangState, seen: Mapping[str, GangSeen]) -> dict[str, list[Step]]:
    """By cluster, what is to be done once its shards are as they should be; in this order. Placeholders are wanted
    until the shards begin, and only those of the last attempt.
    """
    mine = {shard.cluster: shard for shard in attempt(account) if shard.uid and shard.is_open}
    found: dict[str, list[Step]] = {}
    for cluster, here in sorted(seen.items()):
        shard, steps = mine.get(cluster), list[Step]()
        wanted = shard.token if shard is not None and state.phase is GangPhase.RESERVING else None
        steps += [Release(hold) for hold in here.holds if hold.token != wanted]
        if shard is not None and wanted is not None and all(hold.token != wanted for hold in here.holds):
            steps.append(Reserve(shard))
        if shard is not None and state.phase is GangPhase.STARTING and shard.uid in here.suspended:
            steps.append(Start(shard))
        if steps:
            found[cluster] = steps
    return found
