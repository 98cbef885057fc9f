"""Clusters that hold room for a gang and run it, while others take that room, clusters fall silent and the process
dies: what really happened, beside what the rounds make of it. The rounds are the real ones, only members are played.
"""

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from kubefleet.dispatch import gang_round
from kubefleet.dispatch.gang_round import GangTask, run_gang_round
from kubefleet.dispatch.round import JobTask
from kubefleet.jobs.account import Account, JobSeen, Shard
from kubefleet.jobs.codec import from_json, to_json
from kubefleet.jobs.divide import Demand, DivideJobBy, Site
from kubefleet.jobs.gang import Seat, all_or_nothing
from kubefleet.jobs.gang_rooms import GangSeen, Hold
from kubefleet.jobs.gang_state import GangPhase, GangState, state_from_json, state_to_json
from kubefleet.jobs.gang_steps import attempt
from kubefleet.jobs.indexes import Indexes
from kubefleet.jobs.shard_job import WholeJob
from kubefleet.kube import Unreachable
from kubefleet.kube.fan_out import Outcome

TIMEOUT, LOST_AFTER = 60, 120


class Died(Exception):
    """The process is gone, with all that it had not written."""


def one_by_one(items: Sequence[Any], work: Callable[[Any], Any], *, max_parallel: int) -> list[Outcome[Any]]:
    """Threads take longer than all that these members do."""

    def outcome(item: Any) -> Outcome[Any]:
        try:
            return Outcome(work(item))
        except Exception as error:
            return Outcome(error=error)

    return [outcome(item) for item in items]


@dataclass
class Job:
    uid: str
    shard: Shard
    suspended: bool = True
    running: set[int] = field(default_factory=set)
    completed: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)

    @property
    def left(self) -> list[int]:
        return [i for i in range(len(self.shard.indexes)) if i not in self.completed | self.failed]


@dataclass
class Placeholders:
    uid: str
    shard: Shard
    ends: int
    bound: int = 0


@dataclass
class Member:
    name: str
    capacity: int
    foreign: int = 0
    up: bool = True
    reachable: bool = True
    silent: int = 0
    jobs: dict[int, Job] = field(default_factory=dict)
    holds: dict[int, Placeholders] = field(default_factory=dict)

    def by(self, _: float) -> "Member":
        return self

    def evict(self) -> None:
        for job in self.jobs.values():
            job.running.clear()

    @property
    def pods(self) -> int:
        return sum(len(job.running) for job in self.jobs.values())

    @property
    def free(self) -> int:
        return self.capacity - self.foreign - self.pods - sum(hold.bound for hold in self.holds.values())


class World:
    def __init__(self, seed: int, patch: pytest.MonkeyPatch) -> None:
        self.chance = random.Random(seed)
        count = self.chance.randint(2, 4)
        self.members = [Member(f"c{i}", self.chance.randint(2, 5)) for i in range(count)]
        self.total = self.chance.randint(2, max(2, sum(member.capacity for member in self.members) - 2))
        self.now = 1000
        self.uids = 0
        self.lives = 10**9
        self.breaks = False
        self.began = set[int]()
        self.ran = set[int]()
        self.history = [(to_json(Account(self.total)), state_to_json(GangState()))]
        whole = JobTask(
            WholeJob("gang", "0" * 16, "default", {}, self.total),
            DivideJobBy.MAKESPAN,
            Demand(self.total),
            tuple(member.name for member in self.members),
            self.member,
            self.sites,
            lambda account: None,
        )
        self.task = GangTask(whole, self.seats, TIMEOUT, self.store)
        for name, played in (
            ("fan_out", one_by_one),
            ("look_at_gang", self.look),
            ("create_shard", self.create),
            ("fence_shard", self.fence),
            ("hold_room", self.hold),
            ("release_room", self.release),
            ("room_is_free", self.is_free),
            ("start_shard", self.start),
        ):
            patch.setattr(gang_round, name, played)

    # What the process does.

    def control(self) -> None:
        account, state = self.stored
        gone = [member.name for member in self.members if member.silent > LOST_AFTER]
        try:
            run_gang_round(self.task, (account, state), self.now, gone)
        except Died:
            self.lives = 10**9

    @property
    def stored(self) -> tuple[Account, GangState]:
        account, state = self.history[-1]
        return from_json(account), state_from_json(state)

    def store(self, account: Account, state: GangState) -> None:
        self._live()
        before = self.stored[1]
        self.history.append((to_json(account), state_to_json(state)))
        begins = state.phase is GangPhase.STARTING and before.phase is not state.phase
        if begins and account.generation not in self.began:
            for shard in attempt(account):
                hold = self.member(shard.cluster).holds.get(shard.generation)
                assert hold is not None, "all begin before all have their room"
                assert hold.bound == shard.slots, "all begin before all have their room"
        if state.phase is GangPhase.RUNNING and before.phase is not state.phase:
            self.ran.add(account.generation)
            for shard in attempt(account):
                job = self.member(shard.cluster).jobs[shard.generation]
                assert len(job.running | job.completed) >= shard.slots, "it is told to run, and does not"

    def sites(self, names: Collection[str]) -> list[Site]:
        return [Site(name, max(0, self.member(name).free)) for name in names]

    def seats(self, names: Collection[str]) -> Mapping[str, Seat]:
        return all_or_nothing(DivideJobBy.MAKESPAN, self.sites(names), Demand(self.total))

    # What members do as they are told.

    def member(self, name: str) -> Member:
        return next(member for member in self.members if member.name == name)

    def look(self, member: Member, _: WholeJob) -> GangSeen:
        if not (member.up and member.reachable):
            raise Unreachable(member.name, "it is silent")
        return GangSeen(
            tuple(
                JobSeen(
                    job.uid,
                    job.shard.generation,
                    job.shard.token,
                    Indexes(job.completed),
                    Indexes(job.failed),
                    not job.left,
                )
                for job in member.jobs.values()
            ),
            {job.uid: len(job.running | job.completed) for job in member.jobs.values()},
            frozenset(job.uid for job in member.jobs.values() if job.suspended),
            tuple(Hold(f"h{key}", hold.uid, hold.shard.token, hold.bound) for key, hold in member.holds.items()),
        )

    def create(self, member: Member, _: WholeJob, shard: Shard, *, suspended: bool, **__: None) -> str:
        self._reach(member)
        assert suspended
        there = member.jobs.setdefault(shard.generation, Job(self._uid(), shard))
        return there.uid if there.shard.token == shard.token else ""

    def fence(self, member: Member, _: WholeJob, uid: str) -> bool:
        self._reach(member)
        member.jobs = {key: job for key, job in member.jobs.items() if job.uid != uid}
        return True

    def hold(self, member: Member, _: WholeJob, shard: Shard, seconds: int) -> None:
        self._reach(member)
        member.holds.setdefault(shard.generation, Placeholders(self._uid(), shard, self.now + seconds))

    def release(self, member: Member, _: WholeJob, hold: Hold) -> None:
        self._reach(member)
        member.holds = {key: there for key, there in member.holds.items() if there.uid != hold.uid}

    def is_free(self, member: Member, _: WholeJob) -> bool:
        self._reach(member)
        return not member.holds

    def start(self, member: Member, _: WholeJob, __: str, uid: str) -> None:
        self._reach(member)
        job = next(job for job in member.jobs.values() if job.uid == uid)
        account, state = self.stored
        assert job.shard.token in {shard.token for shard in attempt(account)}, "a shard of another attempt begins"
        assert state.phase is GangPhase.STARTING, "a shard begins, and nobody knows"
        assert not member.holds, "its pods would have to preempt those that keep their room"
        self.began.add(job.shard.generation)
        job.suspended = False

    def _reach(self, member: Member) -> None:
        self._live()
        if not (member.up and member.reachable):
            raise Unreachable(member.name, "it is silent")

    def _live(self) -> None:
        self.lives -= 1
        if self.lives < 0:
            raise Died

    def _uid(self) -> str:
        self.uids += 1
        return f"uid-{self.uids}"

    # What happens by itself.

    def work(self) -> None:
        self.now += self.chance.randint(1, 30)
        for member in self.members:
            there = member.up and member.reachable
            member.silent = 0 if there else member.silent + self.chance.randint(1, 60)
            if member.up:
                self._work_on(member)

    def _work_on(self, member: Member) -> None:
        owners = {job.uid for job in member.jobs.values()}
        tokens = {job.shard.token for job in member.jobs.values()}
        assert owners or not tokens
        member.holds = {
            key: hold for key, hold in member.holds.items() if hold.ends > self.now and hold.shard.token in tokens
        }
        for job in member.jobs.values():
            for local in job.left if not job.suspended else ():
                if local not in job.running and len(job.running) < job.shard.slots and self._makes_way(member):
                    job.running.add(local)
            for local in sorted(job.running):
                if self.chance.random() < 0.2:
                    job.running.discard(local)
                    ended = job.failed if self.breaks and self.chance.random() < 0.3 else job.completed
                    ended.add(local)
        for hold in member.holds.values():
            hold.bound += max(0, min(hold.shard.slots - hold.bound, member.free))

    def _makes_way(self, member: Member) -> bool:
        """Whether there is room for a pod of some priority, that of a placeholder if need be."""
        if member.free > 0:
            return True
        for hold in member.holds.values():
            if hold.bound:
                hold.bound -= 1
                return True
        return False

    def faults(self) -> None:
        member, what = self.chance.choice(self.members), self.chance.randrange(10)
        if what == 0:
            member.up = member.reachable = False
        elif what == 1:
            member.reachable = False
        elif what == 2:
            member.up = member.reachable = True
        elif what == 3:
            # Somebody of a higher priority comes; what runs stays.
            for _ in range(self.chance.randint(1, 3)):
                member.foreign += self._makes_way(member)
        elif what == 4:
            member.foreign = 0
        elif what == 5 and member.jobs:
            del member.jobs[self.chance.choice(sorted(member.jobs))]
        elif what == 6 and member.holds:
            del member.holds[self.chance.choice(sorted(member.holds))]
        elif what == 7:
            # What was written last was lost, as where nobody keeps it but a process.
            self.history = self.history[: max(1, len(self.history) - self.chance.randint(1, 3))]
        elif what == 8:
            member.evict()
        else:
            self.lives = self.chance.randint(0, 8)

    def heal(self) -> None:
        self.lives, self.breaks = 10**9, False
        for member in self.members:
            member.up, member.reachable, member.foreign = True, True, 0

    def fill(self) -> None:
        """Others take all but one place, whoever has it."""
        spare = self.members[0]
        for member in self.members:
            member.evict()
            while member.capacity - member.foreign > (member is spare) and self._makes_way(member):
                member.foreign += 1

    @property
    def remains(self) -> list[str]:
        """Whatever of the gang is somewhere, but for Jobs that are over."""
        return self.held + [
            f"{member.name} {job}" for member in self.members for job in member.jobs.values() if job.left
        ]

    @property
    def held(self) -> list[str]:
        return [f"{member.name} {hold}" for member in self.members for hold in member.holds.values()]
