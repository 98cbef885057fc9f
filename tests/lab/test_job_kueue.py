"""A job whose queue one of three real clusters has in Kueue, one has not, and one has no Kueue. What Kueue does is
played: a Workload for the Job, conditions on it, and that the Job is let run.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from lab_objects import PREFIX, definition, in_space, until

from kubefleet.dispatch.kueue import Standing, standings
from kubefleet.dispatch.round import JobTask, Round, run_round
from kubefleet.dispatch.shards import create_shard, read_shards
from kubefleet.jobs.account import Account, JobSeen, Shard
from kubefleet.jobs.divide import Demand, DivideJobBy, Site
from kubefleet.jobs.indexes import span
from kubefleet.jobs.shard_job import JOB_LABEL, QUEUE, WholeJob
from kubefleet.jobs.verdict import JobPhase, verdict
from kubefleet.kube.connection import Connection
from kubefleet.kube.object_access import apply_body, delete_if_there
from kubefleet.kube.object_ref import ref_of
from kubefleet.lab.lab import Lab

pytestmark = pytest.mark.lab

MEMBERS, SPACE, TOTAL = ("eu-1", "eu-2", "us-1"), "queued", 9
GROUP, VERSION = "kueue.x-k8s.io", "v1beta1"
KUEUE = f"/apis/{GROUP}/{VERSION}/namespaces/{SPACE}"
JOBS = f"/apis/batch/v1/namespaces/{SPACE}/jobs"
KINDS = {"LocalQueue": "localqueues", "Workload": "workloads"}
CRDS = [definition(GROUP, VERSION, kind, plural) for kind, plural in KINDS.items()]
QUICK = {f"{PREFIX}/{stage}-after": "50ms" for stage in ("start", "ready", "complete", "stop")}
POD = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "a:1"}]}
TEMPLATE = {"spec": {"template": {"metadata": {"annotations": QUICK}, "spec": POD}}}
JOB = WholeJob("sweep", "00000000000000d1", SPACE, TEMPLATE, TOTAL, queue="batch")


@pytest.fixture(scope="module")
def members(quickstart_lab: Lab) -> Iterator[dict[str, Connection]]:
    with in_space(quickstart_lab, MEMBERS, SPACE) as opened:
        for name in ("eu-1", "eu-2"):
            for crd in CRDS:
                apply_body(opened[name], crd, manager="test", force=True)
            for kind in KINDS:
                until(lambda at=opened[name], kind=kind: at.resource_of(f"{GROUP}/{VERSION}", kind))
        opened["eu-1"].post(
            f"{KUEUE}/localqueues",
            {"apiVersion": f"{GROUP}/{VERSION}", "kind": "LocalQueue", "metadata": {"name": "batch"}, "spec": {}},
        )
        yield opened
        for connection in opened.values():
            for crd in CRDS:
                delete_if_there(connection, ref_of(crd))


def condition(name: str, holds: bool, message: str = "") -> dict[str, Any]:
    return {"type": name, "status": str(holds), "reason": "Test", "message": message}


class Played:
    """What Kueue does with a Job on `eu-1`."""

    def __init__(self, connection: Connection, uid: str, name: str) -> None:
        self.connection, self.name = connection, name
        body = {"metadata": {"name": name, "labels": {"kueue.x-k8s.io/job-uid": uid}}, "spec": {}}
        connection.post(f"{KUEUE}/workloads", {"apiVersion": f"{GROUP}/{VERSION}", "kind": "Workload", **body})

    def says(self, *conditions: dict[str, Any]) -> None:
        body = {"status": {"conditions": list(conditions)}}
        self.connection.patch(f"{KUEUE}/workloads/{self.name}/status", body, "application/merge-patch+json")

    def lets_run(self) -> None:
        body = {"spec": {"suspend": False}}
        self.connection.patch(f"{JOBS}/{self.name}", body, "application/merge-patch+json")


def test_a_shard_waits_in_the_queue_of_the_cluster_that_has_it(members: dict[str, Connection]) -> None:
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
        lambda names: [Site(name, 3) for name in names],
        store,
    )

    def look() -> Round:
        return run_round(task, account)

    assert look().refused == {}
    made = {name: at.get(f"{JOBS}/sweep-g1") for name, at in members.items()}
    assert {name: item["metadata"]["labels"].get(QUEUE) for name, item in made.items()} == {
        "eu-1": "batch",
        "eu-2": None,
        "us-1": None,
    }
    assert [made[name]["spec"]["suspend"] for name in MEMBERS] == [True, False, False]

    def waits() -> str:
        seen: JobSeen
        (seen,) = read_shards(members["eu-1"], JOB)
        return seen.waiting

    uid = made["eu-1"]["metadata"]["uid"]
    assert waits() == "it waits in batch: Kueue has not seen it yet"
    kueue = Played(members["eu-1"], uid, "sweep-g1")
    assert waits() == "it waits in batch: Kueue has not considered it yet"
    why = "couldn't assign flavors to pod set main: insufficient unused quota for cpu, 3 more needed"
    kueue.says(condition("QuotaReserved", False, why))
    assert waits() == f"it waits in batch: {why}"
    kueue.says(condition("QuotaReserved", True))
    assert waits() == "it waits in batch: its quota is reserved, and checks are to pass"
    assert standings(members["eu-1"], SPACE, [uid]) == {
        uid: Standing(True, False, "its quota is reserved, and checks are to pass")
    }
    # The others go on meanwhile.
    until(lambda: set(look().account.done) == set(range(3, 9)))
    kueue.says(condition("QuotaReserved", True), condition("Admitted", True))
    assert waits() == ""
    kueue.lets_run()
    assert waits() == ""
    until(lambda: verdict(look().account, MEMBERS).phase is JobPhase.COMPLETE)


def test_without_a_queue_it_waits_nowhere(members: dict[str, Connection]) -> None:
    shard = Shard("eu-1", 1, span(0, 1), 1)
    for uid, queue in (("00000000000000d2", ""), ("00000000000000d3", "other")):
        job = WholeJob(f"free-{uid[-1]}", uid, SPACE, TEMPLATE, 1, queue=queue)
        assert create_shard(members["eu-1"], job, shard)
        (made,) = members["eu-1"].list(JOBS, labelSelector=f"{JOB_LABEL}={uid}")
        assert made["spec"]["suspend"] is False
        assert QUEUE not in made["metadata"]["labels"]


def test_where_kueue_is_not_nobody_is_admitted_by_it(members: dict[str, Connection]) -> None:
    found = standings(members["us-1"], SPACE, ["a-uid"])
    assert found == {"a-uid": Standing(False, False, "Kueue is not there any more")}
