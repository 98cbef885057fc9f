"""A job over three real clusters, one of which falls silent at a third of it and comes back."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from lab_objects import PREFIX, until

from kubefleet.dispatch.round import JobTask, run_round
from kubefleet.dispatch.shards import read_shards
from kubefleet.jobs.account import Account
from kubefleet.jobs.codec import from_json, to_json
from kubefleet.jobs.divide import Demand, DivideJobBy, Site
from kubefleet.jobs.global_index import index_policy
from kubefleet.jobs.shard_job import JOB_LABEL, WholeJob
from kubefleet.jobs.verdict import JobPhase, verdict
from kubefleet.kube.connect import connect
from kubefleet.kube.connection import Connection
from kubefleet.kube.object_access import apply_body
from kubefleet.lab.lab import Lab

pytestmark = pytest.mark.lab

SPACE, TOTAL, LOST_AFTER = "rounds", 90, 3.0
PODS = f"/api/v1/namespaces/{SPACE}/pods"
OF_JOB = "batch.kubernetes.io/controller-uid"
SLOTS = {"eu-1": 3, "eu-2": 3, "us-1": 2}
AFTER = {"start": "50ms", "ready": "50ms", "complete": "1500ms", "stop": "50ms"}
TEMPLATE = {
    "spec": {
        "template": {
            "metadata": {"annotations": {f"{PREFIX}/{stage}-after": after for stage, after in AFTER.items()}},
            "spec": {
                "restartPolicy": "Never",
                "containers": [{"name": "main", "image": "a:1", "resources": {"requests": {"cpu": "10m"}}}],
            },
        }
    }
}
JOB = WholeJob("long", "00000000000000ab", SPACE, TEMPLATE, TOTAL)


@pytest.fixture
def lab(fresh_lab: Callable[..., Lab]) -> Lab:
    return fresh_lab(name="rounds")


@pytest.fixture
def members(lab: Lab) -> Iterator[dict[str, Connection]]:
    opened = {name: connect(name, lab.access(name), answer_within=2) for name in SLOTS}
    for connection in opened.values():
        connection.post("/api/v1/namespaces", {"metadata": {"name": SPACE}})
        for manifest in index_policy():
            apply_body(connection, manifest, manager="test", force=True)
    time.sleep(1)
    yield opened
    for connection in opened.values():
        connection.close()


def test_what_a_silent_cluster_had_runs_elsewhere_and_it_is_fenced_when_it_returns(
    lab: Lab, members: dict[str, Connection]
) -> None:
    stored: list[dict[str, Any]] = [to_json(Account(TOTAL))]
    task = JobTask(
        JOB,
        DivideJobBy.MAKESPAN,
        Demand(TOTAL),
        tuple(sorted(SLOTS)),
        members.__getitem__,
        lambda names: [Site(name, SLOTS[name], 2000) for name in names],
        lambda account: stored.append(to_json(account)),
    )
    since: dict[str, float] = {}
    killed = returned = 0.0
    done_when_killed = TOTAL
    end = time.monotonic() + 240
    while True:
        assert time.monotonic() < end, from_json(stored[-1])
        now = time.monotonic()
        # The process has nothing but what it has stored.
        found = run_round(task, from_json(stored[-1]), [name for name, at in since.items() if now - at > LOST_AFTER])
        assert found.unfit is None
        assert found.refused == {}
        since = {name: since.get(name, now) for name in found.silent}
        account = found.account
        if verdict(account, task.members).phase is JobPhase.COMPLETE and returned:
            break
        if not killed and len(account.done) >= TOTAL * 0.3:
            (mine,) = (shard for shard in account.shards if shard.cluster == "eu-2")
            done_when_killed = len(mine.completed)
            lab.kill("eu-2")
            killed = now
        if killed and not returned and account.generation > 1:
            # Exactly what was not known to be done there has gone elsewhere.
            assert now - killed < LOST_AFTER + 10
            (left,) = (shard for shard in account.shards if shard.cluster == "eu-2")
            moved = [shard for shard in account.shards if shard.generation == 2]
            assert sum(len(shard.indexes) for shard in moved) == len(left.indexes) - len(left.completed)
            assert len(left.completed) >= done_when_killed
            mark = lab.audited("eu-2")
            lab.restart("eu-2")
            returned = now
        time.sleep(0.3)
    assert set(account.done) == set(range(TOTAL))

    until(lambda: all(seen.generation > 1 for seen in read_shards(members["eu-2"], JOB)))
    mine = [write for write in lab.writes("eu-2", mark) if write.user == "lab-admin"]
    assert (mine[0].verb, mine[0].resource) == ("delete", "jobs")
    # What eu-2 had done is gone with its Job, what nobody had heard of too; it was done all the same.
    until(lambda: not any(True for _ in members["eu-2"].list(PODS, labelSelector=f"{OF_JOB}={left.uid}")))
    seen: Counter[int] = Counter()
    for name, connection in members.items():
        jobs = list(connection.list(f"/apis/batch/v1/namespaces/{SPACE}/jobs", labelSelector=f"{JOB_LABEL}={JOB.uid}"))
        assert len({job["metadata"]["annotations"]["pulumi-kubefleet/generation"] for job in jobs}) == len(jobs), name
        for pod in connection.list(PODS, labelSelector=f"{JOB_LABEL}={JOB.uid}"):
            if pod["status"]["phase"] == "Succeeded":
                seen[int(pod["metadata"]["annotations"]["pulumi-kubefleet/index"])] += 1
    assert set(seen) | set(left.completed) == set(range(TOTAL))
    assert max(seen.values()) == 1
