"""Seeded histories of a job on real clusters: members die and come back, the process dies at any write, Jobs are
removed by somebody. Judged by the pods that the clusters have had, and not by the account.

`make soak` runs them all (`SEEDS=50` for more); `make lab` the first one.
"""

import os
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import pytest
from lab_objects import PREFIX, until

from job_pods import environment
from kubefleet.dispatch.round import JobTask, run_round
from kubefleet.jobs.account import Account
from kubefleet.jobs.codec import from_json, to_json
from kubefleet.jobs.divide import Demand, DivideJobBy, Site
from kubefleet.jobs.global_index import index_policy
from kubefleet.jobs.shard_job import JOB_LABEL, WholeJob
from kubefleet.jobs.verdict import JobPhase, verdict
from kubefleet.kube import MemberError
from kubefleet.kube.connect import connect
from kubefleet.kube.connection import Connection
from kubefleet.kube.object_access import apply_body, delete_if_there
from kubefleet.kube.object_ref import ref_of
from kubefleet.lab.lab import Lab

SEEDS = int(os.environ.get("SEEDS", "20"))
IN_LAB = 1
CASES = [
    pytest.param(seed, marks=[pytest.mark.soak, *([pytest.mark.lab] if seed < IN_LAB else [])])
    for seed in range(max(SEEDS, IN_LAB))
]
SPACE, TOTAL = "histories", 60
SLOTS = {"eu-1": 4, "eu-2": 3, "us-1": 2}
JOBS, PODS = f"/apis/batch/v1/namespaces/{SPACE}/jobs", f"/api/v1/namespaces/{SPACE}/pods"
LOST_AFTER = 2
"""Rounds without an answer."""


class Died(Exception):
    """The process is gone, with all that it had not written."""


@pytest.fixture(scope="module")
def members(quickstart_lab: Lab) -> Iterator[dict[str, Connection]]:
    opened = {name: connect(name, quickstart_lab.access(name), answer_within=3) for name in SLOTS}
    for connection in opened.values():
        connection.post("/api/v1/namespaces", {"metadata": {"name": SPACE}})
        for manifest in index_policy():
            apply_body(connection, manifest, manager="test", force=True)
    yield opened
    for connection in opened.values():
        for manifest in index_policy():
            delete_if_there(connection, ref_of(manifest))
        connection.delete(f"/api/v1/namespaces/{SPACE}")
        connection.close()


class History:
    """One seed. `ran` has every index that a pod has been seen to succeed with."""

    def __init__(self, seed: int, lab: Lab, members: dict[str, Connection]) -> None:
        self.chance, self.lab, self.members = random.Random(seed), lab, members
        after = {"start": "50ms", "ready": "50ms", "complete": f"{self.chance.randint(2, 12)}00ms", "stop": "50ms"}
        container = {"name": "main", "image": "a:1", "resources": {"requests": {"cpu": "10m"}}}
        annotations = {f"{PREFIX}/{stage}-after": text for stage, text in after.items()}
        pod = {"restartPolicy": "Never", "containers": [container]}
        template = {"spec": {"template": {"metadata": {"annotations": annotations}, "spec": pod}}}
        self.job = WholeJob(f"history-{seed}", f"{seed:016x}", SPACE, template, TOTAL)
        self.stored: list[dict[str, Any]] = [to_json(Account(TOTAL))]
        self.lives = 10**9
        self.down: str | None = None
        self.silent: dict[str, int] = {}
        self.ran: set[int] = set()
        self.happened: list[str] = []

    def store(self, account: Account) -> None:
        if self.lives == 0:
            raise Died
        self.lives -= 1
        self.stored.append(to_json(account))

    def sites(self, names: Sequence[str]) -> list[Site]:
        return [Site(name, SLOTS[name]) for name in names]

    @property
    def account(self) -> Account:
        return from_json(self.stored[-1])

    def fault(self) -> None:
        """Something happens, now and then."""
        what = self.chance.randrange(6)
        if what == 0 and self.down is None:
            self.down = self.chance.choice(sorted(SLOTS))
            self.happened.append(f"{self.down} dies")
            self.lab.kill(self.down)
        elif what == 1 and self.down is not None:
            self.back()
        elif what == 2:
            self.lives = self.chance.randrange(4)
            self.happened.append(f"the process dies after {self.lives} writes")
        elif what == 3:
            name = self.chance.choice([name for name in sorted(SLOTS) if name != self.down])
            found = list(self.members[name].list(JOBS, labelSelector=f"{JOB_LABEL}={self.job.uid}"))
            if found:
                self.look()
                one = self.chance.choice(found)["metadata"]["name"]
                self.happened.append(f"somebody removes {one} of {name}")
                self.members[name].delete(f"{JOBS}/{one}", {"propagationPolicy": "Background"})

    def back(self) -> None:
        if self.down is not None:
            self.happened.append(f"{self.down} is back")
            self.lab.restart(self.down)
            self.down = None

    def look(self) -> None:
        """What pods have succeeded, on all members that answer."""
        for name, connection in self.members.items():
            with suppress(MemberError):
                if name == self.down:
                    continue
                for pod in connection.list(PODS, labelSelector=f"{JOB_LABEL}={self.job.uid}"):
                    if pod["status"]["phase"] == "Succeeded":
                        self.ran.add(int(environment(pod, {})["JOB_COMPLETION_INDEX"]))

    def round(self) -> None:
        """As often as the process dies another one goes on."""
        too_long = [name for name, rounds in self.silent.items() if rounds >= LOST_AFTER]
        task = JobTask(
            self.job,
            DivideJobBy.MAKESPAN,
            Demand(TOTAL),
            tuple(sorted(SLOTS)),
            self.members.__getitem__,
            lambda names: self.sites(sorted(names)),
            self.store,
        )
        before = set(self.account.done)
        try:
            found = run_round(task, self.account, too_long)
            self.silent = {name: self.silent.get(name, 0) + 1 for name in found.silent}
        except Died:
            self.happened.append("it died")
        self.lives = 10**9
        assert before <= set(self.account.done), self.happened


@pytest.mark.parametrize("seed", CASES)
def test_every_index_runs_whatever_happens(quickstart_lab: Lab, members: dict[str, Connection], seed: int) -> None:
    history = History(seed, quickstart_lab, members)
    end = time.monotonic() + 240
    try:
        for step in range(1000):
            assert time.monotonic() < end, (history.happened, history.account)
            if step < 25 and step % 2:
                history.fault()
            elif step >= 25:
                history.back()
            history.look()
            history.round()
            history.look()
            if history.down is None and verdict(history.account, sorted(SLOTS)).phase is JobPhase.COMPLETE:
                break
            time.sleep(0.3)
    finally:
        history.back()
    account = history.account
    assert set(account.done) == set(range(TOTAL)), history.happened
    # What nobody has seen was done on a Job that is gone: its pods went before they were looked at.
    live = {shard.uid for shard in account.shards} & uids(members, history.job)
    kept = {index for shard in account.shards if shard.uid in live for index in shard.completed}
    assert kept <= history.ran, history.happened
    assert len(set(range(TOTAL)) - history.ran) <= TOTAL // 4, history.happened
    assert len({(shard.cluster, shard.generation) for shard in account.shards}) == len(account.shards)
    for connection in members.values():
        for item in connection.list(JOBS, labelSelector=f"{JOB_LABEL}={history.job.uid}"):
            connection.delete(f"{JOBS}/{item['metadata']['name']}", {"propagationPolicy": "Background"})
    until(lambda: uids(members, history.job) == set())


def uids(members: dict[str, Connection], job: WholeJob) -> set[str]:
    """Of the Jobs that the members have of it."""
    found = (connection.list(JOBS, labelSelector=f"{JOB_LABEL}={job.uid}") for connection in members.values())
    return {item["metadata"]["uid"] for items in found for item in items}
