"""What is known of a job that runs on several clusters: which of its indexes are done, and who works on the others.

Results count by the uid of the shard that they come from, and `done` only grows: a cluster that is lost, or lies,
cannot undo what was done. An index is done once, however often it has run.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from immutabledict import immutabledict

from kubefleet.jobs.indexes import NONE, Indexes, encode, globally, span

_TRIES: Final = 4
"""Clusters that an index may fail on: its first and three others."""
_FIRST: Final = 20
"""A cluster on which more than half of its first so many indexes fail gets no more of the job."""


class ShardState(StrEnum):
    """Where a shard is."""

    PLANNED = "planned"
    """It is written down, and may have been created: whoever finds its Job takes it for this one."""
    RUNNING = "running"
    LOST = "lost"
    """Its cluster was, and others have what it had not done: it must not go on when that returns."""
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Shard:
    """One Job on one cluster: `generation` is that of the plan it comes from, one of each on a cluster at most;
    `revision` that of the template it is made of; `indexes` are the job's, which its Job counts from 0; `completed`
    and `failed` are of these.
    """

    cluster: str
    generation: int
    indexes: Indexes
    slots: int
    state: ShardState = ShardState.PLANNED
    uid: str = ""
    completed: Indexes = NONE
    failed: Indexes = NONE
    revision: str = ""

    @property
    def token(self) -> str:
        """What its Job bears, so that no other is taken for it: 16 hex digits."""
        what = f"{self.cluster} {self.generation} {encode(self.indexes)} {self.revision}"
        return hashlib.sha256(what.encode()).hexdigest()[:16]

    @property
    def is_open(self) -> bool:
        """Whether it may still do something that it is there for."""
        return self.state in (ShardState.PLANNED, ShardState.RUNNING)


@dataclass(frozen=True, slots=True)
class JobSeen:
    """A Job of ours as a cluster has it: what it bears, and what has come of it. `completed` and `failed` count from 0;
    `ended`: it does nothing any more; `started`: a pod of it is ready, or something has come of it already;
    `waiting`: why the cluster's own queue does not let it run yet. It has run since `started_at` (unix seconds of its
    cluster's clock, 0 where it waits), for `limit` seconds at most.
    """

    uid: str
    generation: int
    token: str
    completed: Indexes = NONE
    failed: Indexes = NONE
    ended: bool = False
    started: bool = False
    waiting: str = ""
    started_at: float = 0
    limit: int | None = None


Seen = Mapping[str, Collection[JobSeen]]
"""What every cluster that answers has of the job."""


@dataclass(frozen=True, slots=True)
class Account:
    """The account of a job of `total` indexes. `generation` is that of the last plan, `revision` that of the template
    that new shards are made of.
    """

    total: int
    generation: int = 0
    shards: tuple[Shard, ...] = ()
    done: Indexes = field(default=NONE)
    revision: str = ""

    @property
    def every(self) -> Indexes:
        """All indexes."""
        return span(0, self.total)

    @property
    def in_flight(self) -> Indexes:
        """Those that somebody works on."""
        found = NONE
        for shard in self.shards:
            if shard.is_open:
                found = found | (shard.indexes - shard.failed)
        return found - self.done

    @property
    def idle(self) -> Indexes:
        """Those that nobody works on, whether or not somebody could."""
        return self.every - self.done - self.in_flight

    @property
    def failed_on(self) -> Mapping[str, Indexes]:
        """By cluster: indexes that have failed there, and are not done."""
        found: dict[str, Indexes] = {}
        for shard in self.shards:
            if failed := shard.failed - self.done:
                found[shard.cluster] = found.get(shard.cluster, NONE) | failed
        return immutabledict(found)

    @property
    def closed(self) -> frozenset[str]:
        """Clusters that get no more: more than half of the first indexes that ended there failed, whatever came then.
        Where as many may have been completed before, that is not known, and it stays open.
        """
        return frozenset(
            cluster
            for cluster in {shard.cluster for shard in self.shards}
            if self._ended(cluster, "failed") > _FIRST // 2 and self._ended(cluster, "completed") < _FIRST // 2
        )

    def _ended(self, cluster: str, how: str) -> int:
        return sum(len(getattr(shard, how)) for shard in self.shards if shard.cluster == cluster)

    def given_up(self, clusters: Collection[str]) -> Indexes:
        """Indexes that have failed on as many clusters as they may, or on all there are."""
        tries: dict[int, int] = {}
        for failed in self.failed_on.values():
            for index in failed:
                tries[index] = tries.get(index, 0) + 1
        here = [failed for cluster, failed in self.failed_on.items() if cluster in clusters]
        nowhere_else = NONE
        if len(here) == len(set(clusters)) and here:
            nowhere_else = here[0].intersection(*here[1:])
        return Indexes([index for index, count in tries.items() if count >= _TRIES]) | nowhere_else

    def holes(self, clusters: Collection[str]) -> Indexes:
        """Those that nobody works on, and somebody could."""
        return self.idle - self.given_up(clusters)


def planned(account: Account, parts: Mapping[str, tuple[Indexes, int]]) -> Account:
    """With a shard for each part (its indexes, and how many run at once), of a generation of their own."""
    generation = account.generation + 1
    new = (Shard(cluster, generation, *parts[cluster], revision=account.revision) for cluster in sorted(parts))
    return replace(account, generation=generation, shards=(*account.shards, *new))


def created(account: Account, cluster: str, generation: int, uid: str) -> Account:
    """With the uid of a shard's Job."""
    return _with(account, cluster, generation, lambda shard: _adopted(shard, uid))


def revised(account: Account, revision: str, total: int, *, keeps_done: bool) -> Account:
    """Of another template, or of more indexes. Of a new template nothing of the old one runs on; what that has done
    counts if it `keeps_done`. Generations go on: no Job is taken for one of an earlier template.
    """
    if revision == account.revision:
        return replace(account, total=total)
    for cluster in sorted({shard.cluster for shard in account.shards}):
        account = lost(account, cluster)
    kept = account.done if keeps_done else NONE
    # Where nothing is kept, what failed before means nothing either; what is there is not wanted, and fenced.
    shards = account.shards if keeps_done else ()
    return replace(account, total=total, revision=revision, shards=shards, done=kept)


def lost(account: Account, cluster: str) -> Account:
    """The cluster has been silent for too long: others may do what it has not done, as far as that is known."""
    return replace(
        account,
        shards=tuple(
            replace(shard, state=ShardState.LOST) if shard.cluster == cluster and shard.is_open else shard
            for shard in account.shards
        ),
    )


def fenced(account: Account, cluster: str, generation: int) -> Account:
    """The Job of a lost shard is not there any more."""
    return _with(
        account,
        cluster,
        generation,
        lambda shard: replace(shard, state=ShardState.ENDED) if shard.state is ShardState.LOST else shard,
    )


def observed(account: Account, seen: Seen) -> Account:
    """With what the clusters say of the Jobs that are ours, those that were lost too. What somebody else has made is
    not listened to.
    """
    for cluster, jobs in sorted(seen.items()):
        for job in jobs:
            account = _merged(account, cluster, job)
        there = {job.generation for job in jobs}
        for shard in account.shards:
            # A Job that was there and is gone, as after its time to live: what it has not done is to be done.
            if shard.cluster == cluster and shard.uid and shard.generation not in there:
                account = _with(account, cluster, shard.generation, _gone)
    return account


def _merged(account: Account, cluster: str, job: JobSeen) -> Account:
    def merge(shard: Shard) -> Shard:
        shard = _adopted(shard, job.uid) if shard.token == job.token else shard
        if shard.uid != job.uid:
            return shard
        completed = shard.completed | globally(shard.indexes, job.completed)
        failed = (shard.failed | globally(shard.indexes, job.failed)) - completed
        ended = job.ended and shard.state is ShardState.RUNNING
        state = ShardState.ENDED if ended else shard.state
        return replace(shard, completed=completed, failed=failed, state=state)

    account = _with(account, cluster, job.generation, merge)
    shards = (shard for shard in account.shards if shard.cluster == cluster and shard.uid == job.uid)
    return replace(account, done=account.done.union(*(shard.completed for shard in shards)))


def _adopted(shard: Shard, uid: str) -> Shard:
    """Who died between creating it and writing that down has left the uid to be found."""
    if shard.uid:
        return shard
    running = ShardState.RUNNING if shard.state is ShardState.PLANNED else shard.state
    return replace(shard, uid=uid, state=running)


def _gone(shard: Shard) -> Shard:
    return replace(shard, state=ShardState.ENDED)


def _with(account: Account, cluster: str, generation: int, change: Callable[[Shard], Shard]) -> Account:
    return replace(
        account,
        shards=tuple(
            change(shard) if (shard.cluster, shard.generation) == (cluster, generation) else shard
            for shard in account.shards
        ),
    )
