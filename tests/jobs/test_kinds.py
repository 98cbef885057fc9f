"""Jobs of other kinds: what their status means, the pods that they need at once, and the object that is dispatched."""

from typing import Any

import pytest

from kubefleet.identity.rights import CLUSTER
from kubefleet.identity.tiers import READER_RIGHTS
from kubefleet.jobs.account import Account, JobSeen, Shard, observed, planned
from kubefleet.jobs.divide import Demand, DivideJobBy, Site
from kubefleet.jobs.global_index import IndexBy
from kubefleet.jobs.indexes import NONE, span
from kubefleet.jobs.kinds import ALL_KINDS, ObjectPhase, api_of, kind_of, pods_at_once
from kubefleet.jobs.shard_job import GENERATION, JOB_LABEL, QUEUE, SHARD, WholeJob, shard_manifests, shard_name
from kubefleet.jobs.shard_status import read_shard
from kubefleet.jobs.steps import next_parts
from kubefleet.jobs.verdict import JobPhase, verdict

pytestmark = pytest.mark.fast

WAITING, RUNNING, DONE, FAILED = ObjectPhase
VERSIONS = {
    "JobSet": "jobset.x-k8s.io/v1alpha2",
    "RayJob": "ray.io/v1",
    "TrainJob": "trainer.kubeflow.org/v1alpha1",
    "Job": "batch.volcano.sh/v1alpha1",
}


def of(kind: str, spec: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"apiVersion": VERSIONS[kind], "kind": kind, "spec": spec or {}, **more}


def pod(cpu: str) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "main", "resources": {"requests": {"cpu": cpu}}}]}}


def condition(name: str, status: str = "True") -> dict[str, Any]:
    return {"conditions": [{"type": "Other", "status": "True"}, {"type": name, "status": status}]}


def ray(deployment: str, job: str = "") -> dict[str, Any]:
    return {"jobDeploymentStatus": deployment, **({"jobStatus": job} if job else {})}


@pytest.mark.parametrize(
    ("kind", "status", "phase"),
    [
        ("JobSet", None, WAITING),
        ("JobSet", {}, WAITING),
        ("JobSet", condition("Suspended"), WAITING),
        ("JobSet", {"replicatedJobsStatus": [{"name": "a", "ready": 0, "succeeded": 0, "active": 1}]}, WAITING),
        ("JobSet", {"replicatedJobsStatus": [{"name": "a", "ready": 1, "succeeded": 0}]}, RUNNING),
        ("JobSet", condition("Completed"), DONE),
        ("JobSet", condition("Completed", "False"), WAITING),
        ("JobSet", condition("Failed"), FAILED),
        ("RayJob", ray(""), WAITING),
        ("RayJob", ray("Initializing"), WAITING),
        ("RayJob", ray("Running", "RUNNING"), RUNNING),
        ("RayJob", ray("Complete", "SUCCEEDED"), DONE),
        ("RayJob", ray("Complete", "STOPPED"), FAILED),
        ("RayJob", ray("Failed"), FAILED),
        ("RayJob", ray("Failed", "FAILED"), FAILED),
        ("RayJob", ray("ValidationFailed"), FAILED),
        ("RayJob", ray("Retrying", "FAILED"), WAITING),
        ("TrainJob", {"jobsStatus": [{"name": "node", "ready": 0, "succeeded": 1}]}, RUNNING),
        ("TrainJob", condition("Complete"), DONE),
        ("TrainJob", condition("Failed"), FAILED),
        ("Job", {"state": {"phase": "Pending"}}, WAITING),
        ("Job", {"state": {"phase": "Running"}, "running": 3}, RUNNING),
        ("Job", {"state": {"phase": "Completing"}, "succeeded": 1}, RUNNING),
        ("Job", {"state": {"phase": "Completed"}, "succeeded": 3}, DONE),
        ("Job", {"state": {"phase": "Terminated"}}, FAILED),
        ("Job", {"state": {"phase": "Aborted"}}, FAILED),
    ],
)
def test_a_status_means_a_phase(kind: str, status: dict[str, Any] | None, phase: ObjectPhase) -> None:
    found = kind_of(of(kind))
    assert found is not None
    assert found.phase(of(kind, status=status)) is phase


JOB_SET = {
    "replicatedJobs": [
        {"name": "driver", "template": {"spec": {"template": pod("1")}}},
        {
            "name": "work",
            "replicas": 2,
            "template": {"spec": {"parallelism": 8, "completions": 4, "template": pod("2")}},
        },
        {"name": "none", "replicas": 0, "template": {"spec": {"template": pod("4")}}},
    ]
}
WORKERS = [
    {"template": pod("4"), "replicas": 2, "minReplicas": 3, "numOfHosts": 4},
    {"template": pod("8"), "replicas": 5, "minReplicas": 0},
]
RAY = {"rayClusterSpec": {"headGroupSpec": {"template": pod("1")}, "workerGroupSpecs": WORKERS}}
TASKS = {"tasks": [{"replicas": 4, "minAvailable": 3, "template": pod("1")}, {"replicas": 2, "template": pod("2")}]}


@pytest.mark.parametrize(
    ("kind", "spec", "needed"),
    [
        ("JobSet", JOB_SET, [("1", 1), ("2", 8)]),
        ("RayJob", RAY, [("1", 1), ("4", 12), ("8", 5), ("500m", 1)]),
        ("RayJob", {**RAY, "submissionMode": "HTTPMode"}, [("1", 1), ("4", 12), ("8", 5)]),
        ("RayJob", {**RAY, "submitterPodTemplate": pod("3")}, [("1", 1), ("4", 12), ("8", 5), ("3", 1)]),
        ("TrainJob", {"trainer": {"numNodes": 4, "resourcesPerNode": {"requests": {"cpu": "6"}}}}, [("6", 4)]),
        ("TrainJob", {"runtimeRef": {"name": "torch"}}, [(None, 1)]),
        ("Job", TASKS, [("1", 3), ("2", 2)]),
    ],
)
def test_pods_that_are_needed_at_once(kind: str, spec: dict[str, Any], needed: list[tuple[str | None, int]]) -> None:
    def cpu(template: Any) -> str | None:
        resources: dict[str, Any] = template["spec"]["containers"][0].get("resources") or {}
        return resources.get("requests", {}).get("cpu")

    assert [(cpu(template), count) for template, count in pods_at_once(of(kind, spec))] == needed


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ({}, "a Job that is divided"),
        (of("JobSet"), "JobSet without pods"),
        (of("JobSet", {"replicatedJobs": [{"name": "a"}]}), "malformed JobSet"),
        (of("JobSet", {"replicatedJobs": [{"template": {"spec": {"template": 3}}}]}), "JobSet without pods"),
        (of("RayJob"), "malformed RayJob"),
        (of("Job", {"tasks": [{"replicas": "2", "template": pod("1")}]}), "malformed Job"),
        (of("TrainJob", {"trainer": {"numNodes": 0}}), "TrainJob without pods"),
        ({"apiVersion": "kubeflow.org/v1", "kind": "MPIJob"}, "unknown kind of job `MPIJob` of `kubeflow.org`"),
    ],
)
def test_what_has_no_pods_that_can_be_told_is_told(template: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        pods_at_once(template)


def test_a_kind_is_known_by_its_group_in_any_version() -> None:
    assert kind_of({}) is None
    assert kind_of({"apiVersion": "batch/v1", "kind": "Job"}) is None
    assert kind_of({"apiVersion": "ray.io/v1alpha1", "kind": "RayJob"}) is kind_of(of("RayJob"))
    assert (api_of({}), api_of(of("JobSet"))) == ("batch/v1/Job", "jobset.x-k8s.io/v1alpha2/JobSet")


def test_the_reader_of_a_fleet_may_look_at_all_of_them() -> None:
    allowed = {
        (group, plural) for rule in READER_RIGHTS.rules[CLUSTER] for group in rule.groups for plural in rule.resources
    }
    assert {(kind.group, kind.plural) for kind in ALL_KINDS} <= allowed
    assert {kind.kind for kind in ALL_KINDS} == set(VERSIONS)


def whole(template: dict[str, Any], name: str = "train") -> WholeJob:
    return WholeJob(name, "00000000000000aa", "ml", template, 1)


def test_the_object_is_the_template_with_what_it_bears() -> None:
    metadata = {"name": "mine", "labels": {"team": "a"}, "annotations": {"b": "c"}, "finalizers": ["x/y"]}
    template = of("JobSet", {**JOB_SET, "ttlSecondsAfterFinished": 5}, metadata=metadata, status={"restarts": 3})
    shard = Shard("eu-1", 2, span(0, 1), 1)
    assert shard_manifests(whole(template), shard, IndexBy.POLICY) == [
        {
            "apiVersion": "jobset.x-k8s.io/v1alpha2",
            "kind": "JobSet",
            "metadata": {
                "name": "train-g2",
                "namespace": "ml",
                "labels": {"team": "a", JOB_LABEL: "00000000000000aa"},
                "annotations": {"b": "c", SHARD: shard.token, GENERATION: "2"},
            },
            "spec": JOB_SET,
        }
    ]


def test_where_it_waits_in_a_queue_it_is_suspended() -> None:
    (made,) = shard_manifests(whole(of("RayJob", RAY)), Shard("a", 1, span(0, 1), 1), IndexBy.POLICY, queue="gpu")
    assert made["metadata"]["labels"][QUEUE] == "gpu"
    assert made["spec"] == {**RAY, "suspend": True}


def test_names_leave_room_for_those_of_its_pods() -> None:
    names = {shard_name(whole(of("RayJob"), "a" * 60 + end), Shard("a", 10, span(0, 1), 1)) for end in ("b", "c")}
    assert names == {"a" * 36 + "-000000-g10"}
    assert shard_name(whole(of("RayJob"), "a" * 43), Shard("a", 10, span(0, 1), 1)) == "a" * 43 + "-g10"


@pytest.mark.parametrize(
    ("status", "seen"),
    [
        ({}, JobSeen("u", 3, "t")),
        (
            {"replicatedJobsStatus": [{"ready": 1, "succeeded": 0}]},
            JobSeen("u", 3, "t", started=True),
        ),
        (condition("Completed"), JobSeen("u", 3, "t", span(0, 1), NONE, ended=True, started=True)),
        (condition("Failed"), JobSeen("u", 3, "t", NONE, span(0, 1), ended=True, started=True)),
    ],
)
def test_an_object_is_read_as_a_shard_of_one_index(status: dict[str, Any], seen: JobSeen) -> None:
    item = {"metadata": {"uid": "u", "annotations": {SHARD: "t", GENERATION: "3"}}, "status": status}
    assert read_shard(kind_of(of("JobSet")), item) == seen


def test_one_that_fails_everywhere_is_tried_on_three_other_clusters() -> None:
    names = [f"c{number}" for number in range(6)]
    sites = [Site(name, 1) for name in names]
    account = Account(1)
    tried = []
    while parts := next_parts(account, DivideJobBy.MAKESPAN, sites, Demand(1)):
        account = planned(account, parts)
        shard = account.shards[-1]
        tried.append(shard.cluster)
        status = condition("Failed")
        bears = {SHARD: shard.token, GENERATION: str(shard.generation)}
        item = {"metadata": {"uid": shard.cluster, "annotations": bears}, "status": status}
        account = observed(account, {shard.cluster: [read_shard(kind_of(of("JobSet")), item)]})
    assert tried == ["c0", "c1", "c2", "c3"]
    assert verdict(account, names).phase is JobPhase.FAILED


@pytest.mark.parametrize(
    ("status", "seen"),
    [
        (None, JobSeen("u", 0, "")),
        ({"ready": 0, "active": 2}, JobSeen("u", 0, "")),
        ({"ready": 1, "active": 2}, JobSeen("u", 0, "", started=True)),
        ({"completedIndexes": "0,2-9", "active": 1}, JobSeen("u", 0, "", span(0, 1) | span(2, 4), started=True)),
        (
            {"completedIndexes": "1", "failedIndexes": "0", "conditions": [{"type": "Failed", "status": "True"}]},
            JobSeen("u", 0, "", span(1, 2), span(0, 1) | span(2, 4), ended=True, started=True),
        ),
    ],
)
def test_a_job_is_read_by_its_indexes(status: dict[str, Any] | None, seen: JobSeen) -> None:
    assert read_shard(None, {"metadata": {"uid": "u"}, "spec": {"completions": 4}, "status": status}) == seen


def test_a_job_whose_status_is_none_is_told() -> None:
    with pytest.raises(ValueError, match="bad indexes `0-x`"):
        read_shard(None, {"metadata": {"uid": "u"}, "spec": {"completions": 4}, "status": {"completedIndexes": "0-x"}})
