"""Gangs over three real clusters, whose schedulers bind their placeholders and their pods: whatever dies, falls silent
or takes their room, either all shards run or nothing of the gang remains.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

import pytest
from lab_objects import PREFIX, until

from kubefleet.dispatch.gang_round import GangTask, run_gang_round
from kubefleet.dispatch.round import JobTask
from kubefleet.jobs.account import Account
from kubefleet.jobs.codec import from_json, to_json
from kubefleet.jobs.divide import Demand, DivideJobBy, Site
from kubefleet.jobs.gang import all_or_nothing
from kubefleet.jobs.gang_objects import HOLD_LABEL
from kubefleet.jobs.gang_state import GangPhase, GangState, state_from_json, state_to_json
from kubefleet.jobs.gang_steps import attempt
from kubefleet.jobs.shard_job import JOB_LABEL, WholeJob
from kubefleet.kube.connect import connect
from kubefleet.kube.connection import Connection
from kubefleet.lab.lab import Lab

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1800)]

SPACE, TOTAL, TIMEOUT, LOST_AFTER = "gangs", 14, 60, 3.0
FASTER = 4
"""The clock of the rounds runs faster, so that nobody sits through their pauses."""
PODS, JOBS = f"/api/v1/namespaces/{SPACE}/pods", f"/apis/batch/v1/namespaces/{SPACE}/jobs"
CLASSES = "/apis/scheduling.k8s.io/v1/priorityclasses"
# Pods that fill half a node of eu-1 and eu-2, and a quarter of one of us-1.
SLOTS = {"eu-1": 8, "eu-2": 6, "us-1": 8}
AFTER = {"start": "50ms", "ready": "50ms", "complete": "600s", "stop": "50ms"}
CONTAINER = {"name": "main", "image": "a:1", "resources": {"requests": {"cpu": "3500m"}}}
TEMPLATE = {
    "spec": {
        "template": {
            "metadata": {"annotations": {f"{PREFIX}/{stage}-after": after for stage, after in AFTER.items()}},
            "spec": {"restartPolicy": "Never", "containers": [CONTAINER]},
        }
    }
}


class Died(Exception):
    """The process is gone, with all that it had not written."""


@dataclass
class Writes:
    """Of a process that dies after so many."""

    left: int = 10**9
    lock: Any = field(default_factory=Lock)

    def one(self) -> None:
        with self.lock:
            self.left -= 1
            if self.left < 0:
                raise Died


@dataclass
class Counted:
    """A connection whose writes are counted before they are made."""

    real: Connection
    writes: Writes

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.real, name)
        if name == "by":
            return lambda deadline: Counted(found(deadline), self.writes)
        if name not in ("post", "patch", "delete"):
            return found

        def write(*args: Any, **rest: Any) -> Any:
            self.writes.one()
            return found(*args, **rest)

        return write


class Process:
    """Runs rounds of one gang, and has nothing between them but what was stored."""

    def __init__(self, members: dict[str, Connection], uid: str) -> None:
        self.members, self.uid, self.writes = members, uid, Writes()
        self.stored: list[Any] = [(to_json(Account(TOTAL)), state_to_json(GangState()))]
        self.silent: dict[str, float] = {}
        self.on: dict[GangPhase, Callable[[], None]] = {}
        whole = JobTask(
            # What one has left is none of the next one's: the garbage collector takes its time.
            WholeJob(f"gang-{uid}", uid, SPACE, TEMPLATE, TOTAL),
            DivideJobBy.MAKESPAN,
            Demand(TOTAL),
            tuple(sorted(members)),
            lambda name: Counted(members[name], self.writes),  # type: ignore[arg-type, return-value]
            self.sites,
            lambda account: None,
        )
        self.task = GangTask(
            whole,
            lambda names: all_or_nothing(DivideJobBy.MAKESPAN, self.sites(names), Demand(TOTAL)),
            TIMEOUT,
            self.store,
        )

    def sites(self, names: Any) -> list[Site]:
        return [Site(name, room(self.members[name])) for name in names]

    def store(self, account: Account, state: GangState) -> None:
        self.writes.one()
        before = self.known[1].phase
        self.stored.append((to_json(account), state_to_json(state)))
        if state.phase is not before and (hook := self.on.pop(state.phase, None)):
            hook()

    @property
    def known(self) -> tuple[Account, GangState]:
        account, state = self.stored[-1]
        return from_json(account), state_from_json(state)

    def round(self) -> GangPhase:
        # Nothing comes any sooner by looking more often.
        time.sleep(0.2)
        now = time.monotonic()
        gone = [name for name, since in self.silent.items() if now - since > LOST_AFTER]
        try:
            found, _ = run_gang_round(self.task, self.known, int(now * FASTER), gone)
            self.silent = {name: self.silent.get(name, now) for name in found.silent}
        except Died:
            self.writes.left = 10**9
        return self.known[1].phase

    def dies_after(self, writes: int) -> bool:
        """Whether it does before all run."""
        self.writes.left = writes
        end = time.monotonic() + 120
        while self.known[1].phase is not GangPhase.RUNNING:
            assert time.monotonic() < end
            before = self.writes.left
            self.round()
            if self.writes.left > before:
                return True
        return False

    def until_all_run(self, seconds: float = 180) -> None:
        """All of them, on clusters that say so, and no placeholder."""
        end = time.monotonic() + seconds
        while (
            self.round() is not GangPhase.RUNNING
            or any(shard.cluster in self.silent for shard in attempt(self.known[0]))
            or any(self.held(connection) for name, connection in self.members.items() if name not in self.silent)
        ):
            assert time.monotonic() < end, (self.known, self.silent)
        assert sum(self.runs().values()) == TOTAL, self.known

    def until_nothing_remains(self) -> None:
        end = time.monotonic() + 180
        while self.round() is not GangPhase.QUEUED or self.remains():
            assert time.monotonic() < end, (self.known, self.remains())

    def runs(self) -> dict[str, int]:
        """Pods that are ready, by cluster, of Jobs of the last attempt; it is all that there is of the gang."""
        account, _ = self.known
        found = {}
        for name, connection in self.members.items():
            if name in self.silent:
                continue
            jobs = list(connection.list(JOBS, labelSelector=f"{JOB_LABEL}={self.uid}"))
            mine = {shard.uid for shard in attempt(account) if shard.cluster == name}
            assert {job["metadata"]["uid"] for job in jobs} == mine, name
            assert not self.held(connection), name
            for job in jobs:
                found[name] = job["status"].get("ready", 0)
        return found

    def held(self, connection: Connection) -> list[str]:
        of = f"{HOLD_LABEL}={self.uid}"
        return [item["metadata"]["name"] for path in (JOBS, PODS) for item in connection.list(path, labelSelector=of)]

    def remains_on(self, name: str) -> list[str]:
        of, connection = f"{JOB_LABEL}={self.uid}", self.members[name]
        there = [item["metadata"]["name"] for path in (JOBS, PODS) for item in connection.list(path, labelSelector=of)]
        return there + self.held(connection)

    def remains(self) -> list[str]:
        return [found for name in self.members for found in self.remains_on(name)]

    def remove(self) -> None:
        for connection in self.members.values():
            for label in (JOB_LABEL, HOLD_LABEL):
                connection.delete(JOBS, {"propagationPolicy": "Background"}, labelSelector=f"{label}={self.uid}")
        until(lambda: not self.remains(), 180)


def room(connection: Connection) -> int:
    """How many pods of the gang the nodes of a member hold beside what is there, as its scheduler sees it."""
    free = {}
    for node in connection.list("/api/v1/nodes"):
        if not node["spec"].get("unschedulable"):
            free[node["metadata"]["name"]] = 1000 * int(node["status"]["allocatable"]["cpu"])
    for pod in connection.list("/api/v1/pods"):
        if (name := pod["spec"].get("nodeName")) in free and pod["status"]["phase"] not in ("Succeeded", "Failed"):
            free[name] -= sum(int(item["resources"]["requests"]["cpu"][:-1]) for item in pod["spec"]["containers"])
    return sum(max(0, left) // 3500 for left in free.values())


def foreign(connection: Connection, count: int) -> None:
    """Pods of a higher priority than any of ours, which take its room."""
    for number in range(count):
        spec = {"priorityClassName": "foreign", "containers": [CONTAINER], "terminationGracePeriodSeconds": 0}
        connection.post(PODS, {"metadata": {"name": f"foreign-{number}", "labels": {"app": "foreign"}}, "spec": spec})


def leave(connection: Connection) -> None:
    for pod in connection.list(PODS, labelSelector="app=foreign"):
        connection.delete(f"{PODS}/{pod['metadata']['name']}")
    until(lambda: not list(connection.list(PODS, labelSelector="app=foreign")))


def cordon(connection: Connection, closed: bool) -> None:
    for node in connection.list("/api/v1/nodes"):
        connection.patch(
            f"/api/v1/nodes/{node['metadata']['name']}",
            {"spec": {"unschedulable": closed}},
            "application/merge-patch+json",
        )


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab("quickstart", name="gangs", folder=tmp_path_factory.mktemp("labs")) as lab:
        yield lab


@pytest.fixture(scope="module")
def members(lab: Lab) -> Iterator[dict[str, Connection]]:
    opened = {name: connect(name, lab.access(name), answer_within=2) for name in SLOTS}
    for connection in opened.values():
        connection.post("/api/v1/namespaces", {"metadata": {"name": SPACE}})
        connection.post(CLASSES, {"metadata": {"name": "foreign"}, "value": 1000})
        until(lambda at=connection: list(at.list(f"/api/v1/namespaces/{SPACE}/serviceaccounts")))
    assert {name: room(connection) for name, connection in opened.items()} == SLOTS
    yield opened
    for connection in opened.values():
        connection.close()


def preempted(members: dict[str, Connection], process: Process) -> list[str]:
    """Its placeholders that had to give way."""
    told = (
        event["involvedObject"]["name"]
        for connection in members.values()
        for event in connection.list(f"/api/v1/namespaces/{SPACE}/events", fieldSelector="reason=Preempted")
    )
    return [name for name in told if name.startswith(process.task.whole.job.name)]


def test_all_run_together_once_all_have_their_room_and_placeholders_leave(members: dict[str, Connection]) -> None:
    process = Process(members, "0000000000000001")
    foreign(members["eu-1"], 1)

    def nothing_runs_yet() -> None:
        for connection in members.values():
            assert not list(connection.list(PODS, labelSelector=f"{JOB_LABEL}={process.uid}"))
            pods = list(connection.list(PODS, labelSelector=f"{HOLD_LABEL}={process.uid}"))
            assert all(pod["spec"]["priority"] == -10 and pod["spec"]["nodeName"] for pod in pods)
            held.extend(pods)

    held: list[Any] = []
    process.on[GangPhase.STARTING] = nothing_runs_yet
    process.until_all_run()
    assert len(held) == TOTAL
    assert len(process.runs()) > 1
    # Its pods came when the room was free: none had to take it, which can go wrong.
    assert preempted(members, process) == []
    # One more that does not fit waits, and takes nothing.
    other = Process(members, "0000000000000002")
    found, state = run_gang_round(other.task, other.known, 0)
    assert "queued: no room for all 14 pods at once; there is room for 7" in str(found.unfit)
    assert (state.phase, other.remains()) == (GangPhase.QUEUED, [])
    process.remove()
    leave(members["eu-1"])


def test_whoever_dies_after_any_write_goes_on_or_cleans_up(members: dict[str, Connection]) -> None:
    """In turn there is room when the next one comes, and there is not."""
    for number in range(100):
        process = Process(members, f"{number:015x}a")
        if not process.dies_after(number):
            process.remove()
            break
        if number % 2 and process.known[1].phase is not GangPhase.RUNNING:
            for connection in members.values():
                cordon(connection, True)
                connection.delete(PODS, {"gracePeriodSeconds": 0})
            process.task = replace(process.task, timeout=1)
            process.until_nothing_remains()
            for connection in members.values():
                cordon(connection, False)
        else:
            process.until_all_run()
            process.remove()
    # So many writes it takes: 5 of its state, and on each of 2 clusters a Job, its placeholders, their end, a start.
    assert number >= 13


@pytest.mark.parametrize("phase", [GangPhase.RESERVING, GangPhase.STARTING])
@pytest.mark.parametrize("how", ["cordoned", "filled"])
def test_room_that_is_lost_in_between_is_looked_for_elsewhere(
    members: dict[str, Connection], phase: GangPhase, how: str
) -> None:
    process = Process(members, f"{'00000000' if phase is GangPhase.RESERVING else '11111111'}{how:0<8}"[:16])
    lost: list[str] = []

    def lose() -> None:
        name = attempt(process.known[0])[0].cluster
        lost.append(name)
        if how == "cordoned":
            cordon(members[name], True)
            if phase is GangPhase.STARTING:
                return
        else:
            foreign(members[name], SLOTS[name])
            until(
                lambda: all(
                    pod["spec"].get("nodeName") for pod in members[name].list(PODS, labelSelector="app=foreign")
                )
            )

    process.on[phase] = lose
    process.until_all_run()
    account, state = process.known
    assert state.attempts
    assert lost[0] not in {shard.cluster for shard in attempt(account)}
    process.remove()
    cordon(members[lost[0]], False)
    leave(members[lost[0]])


@pytest.mark.parametrize("phase", [GangPhase.RESERVING, GangPhase.STARTING, GangPhase.RUNNING])
def test_a_member_that_dies_breaks_it_and_what_it_had_is_removed_when_it_returns(
    lab: Lab, members: dict[str, Connection], phase: GangPhase
) -> None:
    process = Process(members, {"reserving": "b1", "starting": "b2", "running": "b3"}[phase].rjust(16, "0"))
    dead: list[str] = []

    def die() -> None:
        dead.append(attempt(process.known[0])[0].cluster)
        lab.kill(dead[0])

    process.on[phase] = die
    until(lambda: process.round() is GangPhase.RUNNING and process.known[0].generation > 1, 180)
    process.until_all_run()
    assert dead[0] not in {shard.cluster for shard in attempt(process.known[0])}
    lab.restart(dead[0])
    until(lambda: process.round() and not process.silent and not process.remains_on(dead[0]), 180)
    process.until_all_run()
    assert dead[0] not in process.runs()
    process.remove()
