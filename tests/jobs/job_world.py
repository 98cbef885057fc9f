"""Clusters that run the shards of a job, and a process that may die anywhere: what really happened, beside what the
account makes of it.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from kubefleet.jobs.account import Account, JobSeen, created, fenced, lost, observed, planned
from kubefleet.jobs.codec import from_json, to_json
from kubefleet.jobs.divide import Demand, DivideJobBy, DoesNotFit, Site
from kubefleet.jobs.indexes import Indexes
from kubefleet.jobs.steps import Create, Fence, next_parts, steps


class Died(Exception):
    """The process is gone, with all that it had not written."""


@dataclass
class Job:
    uid: str
    generation: int
    token: str
    indexes: list[int]
    completed: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)
    ours: bool = True

    @property
    def ended(self) -> bool:
        return len(self.completed) + len(self.failed) == len(self.indexes)


@dataclass
class Member:
    name: str
    slots: int
    bad: bool = False
    up: bool = True
    reachable: bool = True
    silent: int = 0
    jobs: dict[int, Job] = field(default_factory=dict)


Observe = Callable[[Account, dict[str, list[JobSeen]]], Account]


class World:
    """`claims` has every index that a Job of ours has reported as completed, by what it really had to do: the reference
    model of `done`.
    """

    def __init__(self, seed: int, total: int, observe: Observe = observed, fences: bool = True) -> None:
        self.chance = random.Random(seed)
        self.members = [Member(f"c{i}", self.chance.randint(1, 4)) for i in range(self.chance.randint(2, 4))]
        self.total, self.observe, self.fences = total, observe, fences
        self.at_once = (None, 2, 5)[seed % 3]
        self.stored = to_json(Account(total))
        self.claims: set[int] = set()
        self.really: dict[int, int] = {}
        self.uids = 0
        self.lives = 10**9
        self.most_done: set[int] = set()

    def faults(self) -> None:
        """Something happens to a member, or to the process."""
        member = self.chance.choice(self.members)
        what = self.chance.randrange(8)
        if what == 0:
            member.up = member.reachable = False
        elif what == 1:
            member.reachable = False
        elif what == 2:
            member.up = member.reachable = True
        elif what == 3 and sum(other.bad for other in self.members) == 0:
            member.bad = self.chance.random() < 0.3
        elif what == 4 and member.jobs:
            # Its time to live is over, or somebody has removed it.
            del member.jobs[self.chance.choice(sorted(member.jobs))]
        elif what == 5:
            generation = self.chance.randint(1, 3)
            job = Job(self._uid(), generation, "", list(range(5)), {0, 1, 2, 3}, ours=False)
            member.jobs[generation] = job
        else:
            self.lives = self.chance.randint(0, 6)

    def heal(self) -> None:
        self.lives = 10**9
        for member in self.members:
            member.up, member.reachable, member.bad = True, True, False

    def work(self) -> None:
        for member in self.members:
            for job in member.jobs.values() if member.up else ():
                left = [i for i in range(len(job.indexes)) if i not in job.completed | job.failed]
                for local in left[: self.chance.randint(0, member.slots)]:
                    if member.bad and self.chance.random() < 0.5:
                        job.failed.add(local)
                        continue
                    job.completed.add(local)
                    if job.ours:
                        index = job.indexes[local]
                        self.really[index] = self.really.get(index, 0) + 1

    def control(self) -> None:
        """One round of the process; what it has not stored when it dies is gone."""
        try:
            self._round(from_json(self.stored))
        except Died:
            self.lives = 10**9

    def _round(self, account: Account) -> None:
        seen = {member.name: self._look(member) for member in self.members if member.reachable}
        account = self._store(self.observe(account, seen))
        for member in self.members:
            member.silent = 0 if member.reachable else member.silent + 1
            if member.silent > 2:
                account = self._store(lost(account, member.name))
        # Fences first; they make room for what is created, so that is asked for again.
        for _ in range(2):
            for step in steps(account, seen):
                account = self._do(account, seen, step)
        sites = [Site(member.name, member.slots) for member in self.members if member.reachable]
        try:
            parts = next_parts(account, DivideJobBy.MAKESPAN, sites, Demand(self.total, self.at_once))
        except DoesNotFit:
            return
        if parts:
            account = self._store(planned(account, parts))
            for step in steps(account, seen):
                account = self._do(account, seen, step)

    def _do(self, account: Account, seen: dict[str, list[JobSeen]], step: Fence | Create) -> Account:
        if isinstance(step, Fence):
            if not self.fences:
                return account
            self._live()
            member = self._member(step.cluster)
            if (job := member.jobs.get(step.generation)) and job.uid == step.uid:
                del member.jobs[step.generation]
            seen[step.cluster] = [job for job in seen[step.cluster] if job.uid != step.uid]
            return self._store(fenced(account, step.cluster, step.generation))
        self._live()
        shard = step.shard
        key = (shard.cluster, shard.generation)
        member = self._member(shard.cluster)
        job = member.jobs.get(shard.generation)
        if job is None:
            job = member.jobs[shard.generation] = Job(self._uid(), shard.generation, shard.token, list(shard.indexes))
            seen[shard.cluster] = [*seen[shard.cluster], JobSeen(job.uid, job.generation, job.token)]
        # One of its name that does not bear its token is none of ours; it goes in the next round.
        return self._store(created(account, *key, job.uid)) if job.token == shard.token else account

    def _look(self, member: Member) -> list[JobSeen]:
        found = []
        for job in member.jobs.values():
            completed, extra = set(job.completed), self.chance.randrange(10)
            if extra == 0 and completed:
                completed.pop()  # a cache that is behind
            elif extra == 1:
                completed |= {len(job.indexes) + 3}  # more than it has
            if job.ours:
                self.claims |= {job.indexes[local] for local in completed if local < len(job.indexes)}
            one = JobSeen(job.uid, job.generation, job.token, Indexes(completed), Indexes(job.failed), job.ended)
            found += [one] * self.chance.choice((1, 1, 1, 2))
        return found

    def _store(self, account: Account) -> Account:
        self._live()
        self.stored = to_json(account)
        self.check(account)
        return account

    def check(self, account: Account) -> None:
        done = set(account.done)
        assert self.most_done <= done, "done has shrunk"
        assert done <= self.claims, "done has what no Job of the job has done"
        self.most_done = done
        open_ = [set(shard.indexes) - set(shard.failed) - done for shard in account.shards if shard.is_open]
        assert sum(map(len, open_)) == len(set().union(*open_)), "two shards have one index"
        running = [
            min(shard.slots, len(shard.indexes - shard.completed - shard.failed))
            for shard in account.shards
            if shard.is_open
        ]
        assert self.at_once is None or sum(running) <= self.at_once, "more run at once than may"

    def _live(self) -> None:
        self.lives -= 1
        if self.lives < 0:
            raise Died

    def _member(self, name: str) -> Member:
        return next(member for member in self.members if member.name == name)

    def _uid(self) -> str:
        self.uids += 1
        return f"uid-{self.uids}"
