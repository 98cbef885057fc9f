"""A cluster that is cut off stops by itself what it has of a job, and only then do others run it: by what the API
servers have logged of the pods.
"""

import time
from collections.abc import Iterator
from datetime import datetime

import pytest
from lab_objects import PREFIX, until

from kubefleet.dispatch.lease import Leases, lease_rule, run_out
from kubefleet.dispatch.round import JobTask, run_round
from kubefleet.dispatch.shards import read_shards
from kubefleet.jobs.account import Account
from kubefleet.jobs.divide import Demand, DivideJobBy, Site
from kubefleet.jobs.global_index import GLOBAL, index_policy
from kubefleet.jobs.shard_job import JOB_LABEL, WholeJob
from kubefleet.jobs.verdict import JobPhase, verdict
from kubefleet.kube.connect import connect
from kubefleet.kube.connection import Connection
from kubefleet.kube.object_access import apply_body, delete_if_there
from kubefleet.kube.object_ref import ref_of
from kubefleet.lab.lab import Lab

pytestmark = pytest.mark.lab

SPACE, TOTAL, LEASE, LOST_AFTER = "leases", 27, 10, 2.0
SLOTS = {"eu-1": 3, "eu-2": 3, "us-1": 3}
# What runs when the cluster is cut off would still do so when others begin, if they did not wait.
AFTER = {"start": "50ms", "ready": "50ms", "complete": "8s", "stop": "200ms"}
TEMPLATE = {
    "spec": {
        "template": {
            "metadata": {"annotations": {f"{PREFIX}/{stage}-after": after for stage, after in AFTER.items()}},
            "spec": {
                "restartPolicy": "Never",
                "terminationGracePeriodSeconds": 1,
                "containers": [{"name": "main", "image": "a:1", "resources": {"requests": {"cpu": "10m"}}}],
            },
        }
    }
}
JOB = WholeJob("leased", "00000000000000ac", SPACE, TEMPLATE, TOTAL)
JOBS = f"/apis/batch/v1/namespaces/{SPACE}/jobs"


@pytest.fixture
def members(quickstart_lab: Lab) -> Iterator[dict[str, Connection]]:
    opened = {name: connect(name, quickstart_lab.access(name), answer_within=2) for name in SLOTS}
    for connection in opened.values():
        connection.post("/api/v1/namespaces", {"metadata": {"name": SPACE}})
        for manifest in index_policy():
            apply_body(connection, manifest, manager="test", force=True)
    time.sleep(1)
    yield opened
    quickstart_lab.heal("eu-2")
    for connection in opened.values():
        for manifest in index_policy():
            delete_if_there(connection, ref_of(manifest))
        connection.delete(f"/api/v1/namespaces/{SPACE}")
        connection.close()


def runs(lab: Lab, name: str, since: int) -> list[tuple[int, float, float]]:
    """Every pod of the job on a cluster: its index, when it began to run, and when it had stopped for good."""
    index: dict[str, int] = {}
    began: dict[str, float] = {}
    ended: dict[str, float] = {}
    for event in lab.audit(name, since):
        about = event.get("objectRef") or {}
        if about.get("resource") != "pods" or about.get("namespace") != SPACE or event["stage"] != "ResponseComplete":
            continue
        found, at = event.get("responseObject") or {}, datetime.fromisoformat(event["requestReceivedTimestamp"])
        pod = found if found.get("kind") == "Pod" else {}
        phase = (pod.get("status") or {}).get("phase")
        key = about.get("name") or (pod.get("metadata") or {}).get("name", "")
        if GLOBAL in ((pod.get("metadata") or {}).get("annotations") or {}):
            index[key] = int(pod["metadata"]["annotations"][GLOBAL])
        if phase == "Running":
            began.setdefault(key, at.timestamp())
        # What kubelet (here: kwok) removes has stopped; a deletion by others only asks for that.
        removed = event["verb"] == "delete" and event["user"]["username"] == "system:kwok"
        if phase in ("Succeeded", "Failed") or removed:
            ended.setdefault(key, at.timestamp())
    return [(index[key], at, ended.get(key, float("inf"))) for key, at in began.items()]


def test_nothing_runs_in_two_clusters_at_once(quickstart_lab: Lab, members: dict[str, Connection]) -> None:
    lab = quickstart_lab
    marks = {name: lab.audited(name) for name in SLOTS}
    kept: list[tuple[Account, dict[str, float]]] = []
    leases = Leases(JOB, lease_rule(TEMPLATE, LEASE), {})
    task = JobTask(
        JOB,
        DivideJobBy.MAKESPAN,
        Demand(TOTAL),
        tuple(sorted(SLOTS)),
        members.__getitem__,
        lambda names: [Site(name, SLOTS[name], 8000) for name in names],
        lambda account: kept.append((account, dict(leases.leased))),
        leases=leases,
    )
    account, since = Account(TOTAL), dict[str, float]()
    cut = given_up = 0.0
    end = time.monotonic() + 180
    while True:
        assert time.monotonic() < end, account
        now = time.time()
        silent = [name for name, at in since.items() if now - at > LOST_AFTER]
        found = run_round(task, account, run_out(leases.leased, silent, now))
        account, since = found.account, {name: since.get(name, now) for name in found.silent}
        assert found.refused == {}
        if not cut and len(account.done) >= 9:
            (mine,) = (shard for shard in account.shards if shard.cluster == "eu-2")
            lab.cut("eu-2")
            cut = time.time()
        if cut and not given_up and account.generation > 1:
            given_up = time.time()
        if verdict(account, task.members).phase is JobPhase.COMPLETE:
            break
        time.sleep(0.3)
    assert set(account.done) == set(range(TOTAL))
    assert mine.indexes - mine.completed, "eu-2 had more to do"
    # Between the creation and the first look nobody knew when it would end; then it was kept before it was extended.
    assert "eu-2" not in kept[1][1]
    assert kept[-1][1]["eu-2"] <= given_up

    # It had ended there by itself, before anybody came back, and has failed at nothing.
    lab.heal("eu-2")
    until(lambda: any(True for _ in members["eu-2"].list(JOBS)))
    (seen,) = read_shards(members["eu-2"], JOB)
    assert (seen.ended, set(seen.failed)) == (True, set())
    (job,) = members["eu-2"].list(JOBS)
    assert {item["reason"] for item in job["status"]["conditions"] if item["type"] == "Failed"} == {"DeadlineExceeded"}
    # While it was in touch that was moved on: it would have ended long before.
    assert job["spec"]["activeDeadlineSeconds"] > LEASE

    ran = {name: runs(lab, name, mark) for name, mark in marks.items()}
    every = sorted((run, name) for name, of in ran.items() for run in of)
    assert all(ended < float("inf") for (_, _, ended), _ in every)
    again = [run for run in ran["eu-2"] if run[2] > cut + LOST_AFTER + 2 and run[0] not in mine.completed]
    assert again, "without a lease these would have run twice at once"
    for index, began, ended in ran["eu-2"]:
        for name in ("eu-1", "us-1"):
            for other, began_there, ended_there in ran[name]:
                assert other != index or ended < began_there or ended_there < began, (index, name)
    elsewhere = {index for name in ("eu-1", "us-1") for index, began, _ in ran[name] if began > cut}
    assert {index for index, _, _ in again} & elsewhere
    for connection in members.values():
        assert list(connection.list(JOBS, labelSelector=f"{JOB_LABEL}={JOB.uid}"))
