"""A job that succeeds before all of it is done, over three real clusters: the rest is stopped everywhere."""

from collections.abc import Iterator

import pytest
from lab_objects import PREFIX, until

from kubefleet.dispatch.round import JobTask, Round, run_round
from kubefleet.dispatch.shards import read_shards
from kubefleet.jobs.account import Account
from kubefleet.jobs.divide import Demand, DivideJobBy, Site
from kubefleet.jobs.shard_job import WholeJob
from kubefleet.jobs.verdict import JobPhase, verdict
from kubefleet.kube.connect import connect
from kubefleet.kube.connection import Connection
from kubefleet.lab.lab import Lab

pytestmark = pytest.mark.lab

MEMBERS, SPACE, TOTAL = ("eu-1", "eu-2", "us-1"), "enough", 300
AFTER = {f"{PREFIX}/{stage}-after": "200ms" for stage in ("start", "ready", "complete", "stop")}
POD = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "a:1"}]}
RULE = {"succeededIndexes": "0-299", "succeededCount": 5}
TEMPLATE = {
    "spec": {
        "completionMode": "Indexed",
        "successPolicy": {"rules": [RULE]},
        "template": {"metadata": {"annotations": AFTER}, "spec": POD},
    }
}
JOB = WholeJob("search", "00000000000000e1", SPACE, TEMPLATE, TOTAL)


@pytest.fixture
def members(quickstart_lab: Lab) -> Iterator[dict[str, Connection]]:
    opened = {name: connect(name, quickstart_lab.access(name)) for name in MEMBERS}
    for connection in opened.values():
        connection.post("/api/v1/namespaces", {"metadata": {"name": SPACE}})
        until(lambda at=connection: list(at.list(f"/api/v1/namespaces/{SPACE}/serviceaccounts")))
    yield opened
    for connection in opened.values():
        connection.delete(f"/api/v1/namespaces/{SPACE}")
        connection.close()


def test_when_enough_is_done_the_rest_is_stopped(members: dict[str, Connection]) -> None:
    account = Account(TOTAL)

    def store(given: Account) -> None:
        nonlocal account
        account = given

    task = JobTask(
        JOB,
        DivideJobBy.MAKESPAN,
        Demand(TOTAL),
        MEMBERS,
        members.__getitem__,
        lambda names: [Site(name, 2) for name in names],
        store,
    )

    def look() -> Round:
        return run_round(task, account)

    look()
    assert [len(read_shards(at, JOB)) for at in members.values()] == [1, 1, 1]
    until(lambda: verdict(look().account, MEMBERS, TEMPLATE).phase is JobPhase.COMPLETE, 60)
    assert 5 <= len(account.done) < TOTAL
    until(lambda: look() and all(read_shards(at, JOB) == () for at in members.values()))
    done = account.done
    assert look().account.generation == 1
    assert account.done == done
