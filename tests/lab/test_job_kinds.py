"""A job of another kind, dispatched whole over three real clusters. Its controller is played: it writes the status, and
a pod that belongs to the object.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from lab_objects import PREFIX, definition, in_space, until

from kubefleet.dispatch.round import JobTask, Round, run_round
from kubefleet.dispatch.shards import create_shard, fence_shard, read_shards
from kubefleet.jobs.account import Account, Shard
from kubefleet.jobs.codec import from_json, to_json
from kubefleet.jobs.divide import Demand, DivideJobBy, Site
from kubefleet.jobs.indexes import span
from kubefleet.jobs.shard_job import JOB_LABEL, WholeJob
from kubefleet.jobs.verdict import JobPhase, verdict
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError
from kubefleet.kube.object_access import apply_body, delete_if_there
from kubefleet.kube.object_ref import ref_of
from kubefleet.lab.lab import Lab

pytestmark = pytest.mark.lab

MEMBERS, SPACE = ("eu-1", "eu-2", "us-1"), "whole"
JOB_SETS = f"/apis/jobset.x-k8s.io/v1alpha2/namespaces/{SPACE}/jobsets"
PODS = f"/api/v1/namespaces/{SPACE}/pods"
CRD = definition("jobset.x-k8s.io", "v1alpha2", "JobSet", "jobsets")
POD = {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "a:1"}]}}
TEMPLATE = {
    "apiVersion": "jobset.x-k8s.io/v1alpha2",
    "kind": "JobSet",
    "metadata": {"labels": {"team": "ml"}},
    "spec": {"replicatedJobs": [{"name": "work", "replicas": 2, "template": {"spec": {"template": POD}}}]},
}


@pytest.fixture(scope="module")
def members(quickstart_lab: Lab) -> Iterator[dict[str, Connection]]:
    with in_space(quickstart_lab, MEMBERS, SPACE, answer_within=4) as opened:
        for connection in opened.values():
            apply_body(connection, CRD, manager="test", force=True)
        for connection in opened.values():
            until(lambda at=connection: at.resource_of("jobset.x-k8s.io/v1alpha2", "JobSet"))
        yield opened
        for connection in opened.values():
            delete_if_there(connection, ref_of(CRD))


class Run:
    """A job whose process has nothing but what it has stored."""

    def __init__(self, members: dict[str, Connection], name: str, uid: str) -> None:
        self.members = members
        self.job = WholeJob(name, uid, SPACE, TEMPLATE, 1)
        self.stored: dict[str, Any] = to_json(Account(1))
        self.task = JobTask(
            self.job,
            DivideJobBy.MAKESPAN,
            Demand(1),
            MEMBERS,
            members.__getitem__,
            lambda names: [Site(name, 1) for name in names],
            self._store,
        )

    def _store(self, account: Account) -> None:
        self.stored = to_json(account)

    def round(self, *too_long: str) -> Round:
        return run_round(self.task, from_json(self.stored), too_long)

    def on(self, name: str) -> list[dict[str, Any]]:
        return list(self.members[name].list(JOB_SETS, labelSelector=f"{JOB_LABEL}={self.job.uid}"))

    def played(self, name: str, **status: Any) -> None:
        """Its controller on that member writes this status."""
        (found,) = self.on(name)
        path = f"{JOB_SETS}/{found['metadata']['name']}/status"
        self.members[name].patch(path, {"status": status}, "application/merge-patch+json")


def ended(how: str) -> dict[str, Any]:
    return {
        "conditions": [{"type": how, "status": "True", "reason": "Test", "message": "", "lastTransitionTime": None}]
    }


def test_one_that_fails_is_tried_on_every_other_cluster_once(members: dict[str, Connection]) -> None:
    run = Run(members, "wrong", "00000000000000c1")
    tried: list[str] = []

    def next_one() -> list[str]:
        run.round()
        return [name for name in MEMBERS if name not in tried and run.on(name)]

    for _ in MEMBERS:
        (where,) = until(next_one)
        tried.append(where)
        run.played(where, **ended("Failed"))
    found = run.round()
    told = verdict(found.account, MEMBERS)
    assert (told.phase, told.reason) == (JobPhase.FAILED, "indexes 0 have failed on eu-1, eu-2, us-1")
    assert [len(run.on(name)) for name in MEMBERS] == [1, 1, 1]


def test_what_a_silent_cluster_had_runs_elsewhere_and_is_fenced_when_it_returns(
    quickstart_lab: Lab, members: dict[str, Connection]
) -> None:
    run = Run(members, "train", "00000000000000c2")
    assert run.round().refused == {}
    (made,) = run.on("eu-1")
    assert made["metadata"]["name"] == "train-g1"
    assert made["metadata"]["labels"]["team"] == "ml"
    assert made["spec"] == TEMPLATE["spec"]
    run.played("eu-1", replicatedJobsStatus=[{"name": "work", "ready": 1, "succeeded": 0}])
    (seen,) = read_shards(members["eu-1"], run.job)
    assert (seen.started, seen.ended) == (True, False)
    members["eu-1"].post(PODS, _pod_of(made))
    until(lambda: members["eu-1"].get(f"{PODS}/train").get("status", {}).get("phase") == "Running")

    quickstart_lab.hang("eu-1")
    try:
        assert set(run.round().silent) == {"eu-1"}
        assert run.on("eu-2") == []
        account = run.round("eu-1").account
        assert [(shard.cluster, shard.generation) for shard in account.shards] == [("eu-1", 1), ("eu-2", 2)]
    finally:
        quickstart_lab.resume("eu-1")
    run.played("eu-2", **ended("Completed"))
    until(lambda: not run.round().silent)
    # It is gone no sooner than what belongs to it, which takes its time.
    assert [item["metadata"]["deletionTimestamp"] is not None for item in run.on("eu-1")] == [True]
    until(lambda: fence_shard(members["eu-1"], run.job, seen.uid), 60)
    assert list(members["eu-1"].list(PODS)) == []
    account = run.round().account
    assert verdict(account, MEMBERS).phase is JobPhase.COMPLETE
    assert [run.on(name) == [] for name in MEMBERS] == [True, False, True]


def _pod_of(made: dict[str, Any]) -> dict[str, Any]:
    metadata = made["metadata"]
    owner = {
        "apiVersion": TEMPLATE["apiVersion"],
        "kind": "JobSet",
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    stages = {f"{PREFIX}/{stage}-after": after for stage, after in {"start": "50ms", "stop": "1500ms"}.items()}
    return {"metadata": {"name": "train", "annotations": stages, "ownerReferences": [owner]}, **POD}


def test_an_object_of_somebody_elses_is_neither_taken_nor_touched(members: dict[str, Connection]) -> None:
    theirs = members["us-1"].post(JOB_SETS, {**TEMPLATE, "metadata": {"name": "mine-g1"}})
    job = WholeJob("mine", "00000000000000c3", SPACE, TEMPLATE, 1)
    shard = Shard("us-1", 1, span(0, 1), 1)
    with pytest.raises(ApiError, match="JobSet whole/mine-g1 is somebody else's"):
        create_shard(members["us-1"], job, shard)
    assert members["us-1"].get(f"{JOB_SETS}/mine-g1") == theirs
    # One's own is found again.
    members["us-1"].delete(f"{JOB_SETS}/mine-g1")
    uid = create_shard(members["us-1"], job, shard)
    assert create_shard(members["us-1"], job, shard) == uid
    assert create_shard(members["us-1"], job, Shard("us-1", 1, span(0, 1), 2, revision="b")) == ""


def test_a_cluster_that_does_not_serve_the_kind_has_none_of_it(members: dict[str, Connection]) -> None:
    template = {"apiVersion": "ray.io/v1", "kind": "RayJob", "spec": {}}
    job = WholeJob("ray", "00000000000000c4", SPACE, template, 1)
    assert read_shards(members["us-1"], job) == ()
    assert fence_shard(members["us-1"], job, "a-uid")
    with pytest.raises(ApiError, match=r"the server has no RayJob of ray\.io/v1"):
        create_shard(members["us-1"], job, Shard("us-1", 1, span(0, 1), 1))
