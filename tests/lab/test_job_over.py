"""A job that is over before all of it is done, on real clusters: the rest is stopped everywhere."""

from collections.abc import Iterator
from typing import Any

import pytest
from lab_objects import PREFIX, in_space, until

from kubefleet.dispatch.finish import finish
from kubefleet.dispatch.round import JobTask, Round, run_round
from kubefleet.dispatch.shards import read_shards
from kubefleet.dispatch.standing_jobs import standing_jobs
from kubefleet.jobs.account import Account
from kubefleet.jobs.divide import Demand, DivideJobBy, Site
from kubefleet.jobs.shard_job import JOB_LABEL, WholeJob
from kubefleet.jobs.verdict import JobPhase, Verdict, verdict
from kubefleet.kube.connection import Connection
from kubefleet.kube.object_access import MERGE
from kubefleet.lab.lab import Lab

pytestmark = pytest.mark.lab

MEMBERS, SPACE, TOTAL = ("eu-1", "eu-2", "us-1"), "enough", 300
AFTER = {f"{PREFIX}/{stage}-after": "200ms" for stage in ("start", "ready", "complete", "stop")}
POD = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "a:1"}]}
RULE = {"succeededIndexes": "0-299", "succeededCount": 5}


def whole(name: str, uid: str, after: str, **rules: Any) -> WholeJob:
    pod = {"metadata": {"annotations": {**AFTER, f"{PREFIX}/complete-after": after}}, "spec": POD}
    return WholeJob(name, uid, SPACE, {"spec": {"completionMode": "Indexed", **rules, "template": pod}}, TOTAL)


SEARCH = whole("search", "00000000000000e1", "200ms", successPolicy={"rules": [RULE]})
DOOMED = whole("doomed", "00000000000000e2", "600s", maxFailedIndexes=0, backoffLimitPerIndex=0)


@pytest.fixture(scope="module")
def members(quickstart_lab: Lab) -> Iterator[dict[str, Connection]]:
    with in_space(quickstart_lab, MEMBERS, SPACE) as opened:
        yield opened


class Kept:
    """One job, its task, and the account that is kept of it."""

    def __init__(self, job: WholeJob, members: dict[str, Connection]) -> None:
        self.account = Account(TOTAL)
        self.task = JobTask(
            job,
            DivideJobBy.MAKESPAN,
            Demand(TOTAL),
            tuple(members),
            members.__getitem__,
            lambda names: [Site(name, 2) for name in names],
            self.store,
        )

    def store(self, given: Account) -> None:
        self.account = given

    def look(self) -> Round:
        return run_round(self.task, self.account)

    def verdict(self) -> Verdict:
        return verdict(self.look().account, self.task.members, self.task.job.template)


def test_when_enough_is_done_the_rest_is_stopped(members: dict[str, Connection]) -> None:
    kept = Kept(SEARCH, members)
    kept.look()
    assert [len(read_shards(at, SEARCH)) for at in members.values()] == [1, 1, 1]
    until(lambda: kept.verdict().phase is JobPhase.COMPLETE, 60)
    assert 5 <= len(kept.account.done) < TOTAL
    until(lambda: kept.look() and all(read_shards(at, SEARCH) == () for at in members.values()))
    done = kept.account.done
    assert kept.look().account.generation == 1
    assert kept.account.done == done


def test_when_it_has_failed_the_rest_is_stopped_and_what_has_ended_stays(members: dict[str, Connection]) -> None:
    connection = members["us-1"]
    kept = Kept(DOOMED, {"us-1": connection})

    def pods() -> dict[str, str]:
        found = connection.list(f"/api/v1/namespaces/{SPACE}/pods", labelSelector=f"{JOB_LABEL}={DOOMED.uid}")
        return {pod["metadata"]["name"]: pod["status"]["phase"] for pod in found}

    kept.look()
    until(lambda: list(pods().values()) == ["Running"] * 2)
    assert finish(kept.task, kept.verdict().phase) == []
    broken = sorted(pods())[0]
    status = {"status": {"phase": "Failed"}}
    connection.patch(f"/api/v1/namespaces/{SPACE}/pods/{broken}/status", status, MERGE)
    until(lambda: kept.verdict().phase is JobPhase.FAILED, 60)
    assert "more than its maxFailedIndexes" in kept.verdict().reason
    assert finish(kept.task, JobPhase.FAILED) == []
    until(lambda: pods() == {broken: "Failed"})
    # It takes no place in a queue any more.
    until(lambda: DOOMED.uid not in standing_jobs(members.__getitem__, ["us-1"], {"batch/v1/Job"})[0])
    assert pods() == {broken: "Failed"}
    assert finish(kept.task, JobPhase.FAILED) == []
