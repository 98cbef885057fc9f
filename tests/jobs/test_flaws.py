"""What of a user's job no fleet can do."""

from typing import Any

import pytest

from kubefleet.jobs.flaws import flaws

pytestmark = pytest.mark.fast

POD = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "a:1"}]}
FAIL_JOB = {"rules": [{"action": "FailIndex"}, {"action": "FailJob"}]}


def template(pod: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    return {"spec": {"completions": 20, "parallelism": 9, **spec, "template": {"spec": {**POD, **(pod or {})}}}}


def job_set(pod: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    work = {"name": "work", "template": {"spec": {"template": {"spec": {**POD, **(pod or {})}}}}}
    return {"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet", "spec": {"replicatedJobs": [work], **spec}}


RAY = {
    "apiVersion": "ray.io/v1",
    "kind": "RayJob",
    "spec": {"rayClusterSpec": {"headGroupSpec": {"template": {"spec": POD}}}, "clusterSelector": {"a": "b"}},
}


@pytest.mark.parametrize(
    ("written", "divided", "path", "told"),
    [
        (template(completions=0), True, "spec.completions", "bad completions `0` (expected 1 to 1000000)"),
        (template(completions=1_000_001), True, "spec.completions", "bad completions `1000001`"),
        (template(completions=True), True, "spec.completions", "bad completions `True`"),
        (template(completions=None), False, "spec.completions", "9 pods that share a queue of work"),
        (template(parallelism=0), True, "spec.parallelism", "bad parallelism `0`"),
        (template(completionMode="NonIndexed", successPolicy={}), False, "spec.completionMode", "with `successPolicy`"),
        (template(completionMode="NonIndexed", backoffLimitPerIndex=1), True, "spec.completionMode", "about indexes"),
        (template(manualSelector=True), False, "spec.manualSelector", "a selector of its own"),
        (template(selector={"matchLabels": {"a": "b"}}), False, "spec.selector", "a selector of its own"),
        (template(suspend=True), True, "spec.suspend", "in a `queue` it waits for its turn"),
        (
            template(successPolicy={"rules": [{"succeededIndexes": "a"}]}),
            True,
            "spec.successPolicy",
            "bad indexes `a` (expected e.g. `0-3,7`)",
        ),
        (template(managedBy="kueue.x-k8s.io/multikueue"), True, "spec.managedBy", "`kueue.x-k8s.io/multikueue`"),
        (template(podFailurePolicy=FAIL_JOB), True, "spec.podFailurePolicy.rules.1.action", "expected `FailIndex`"),
        (template({"restartPolicy": "Always"}), True, "spec.template.spec.restartPolicy", "a job ends"),
        (template({"restartPolicy": None}), True, "spec.template.spec.restartPolicy", "`Always` (expected `Never`"),
        (template({"restartPolicy": "OnFailure"}, backoffLimitPerIndex=1), True, "spec.backoffLimitPerIndex", "Never"),
        (template({"restartPolicy": "OnFailure"}, podFailurePolicy={}), True, "spec.podFailurePolicy", "Never"),
        (template({"nodeName": "n1"}), False, "spec.template.spec.nodeName", "a fixed node"),
        (template({"subdomain": "mpi"}), True, "spec.template.spec.subdomain", 'expected `gang="one-cluster"`'),
        (template({"setHostnameAsFQDN": True}), True, "spec.template.spec.setHostnameAsFQDN", "full host name"),
        (template({"volumes": [{"name": "fleet-index"}]}), True, "spec.template.spec.volumes.0.name", "fleet's own"),
        ({"apiVersion": "batch/v1", "kind": "CronJob"}, True, "kind", "unknown kind of job `CronJob` of `batch`"),
        (job_set(suspend=True), False, "spec.suspend", "waits for its turn"),
        (job_set(managedBy="x/y"), False, "spec.managedBy", "the controller of its cluster runs it"),
        (job_set({"nodeName": "n1"}), False, "spec", "pods on a fixed node"),
        ({**job_set(), "spec": {}}, False, "spec", "JobSet without pods"),
        (RAY, False, "spec.clusterSelector", "the fleet chooses the cluster"),
    ],
)
def test_what_no_shard_can_be_is_told(written: dict[str, Any], divided: bool, path: str, told: str) -> None:
    ((steps, message),) = flaws(written, divided=divided)
    assert (".".join(map(str, steps)), told in message) == (path, True)


@pytest.mark.parametrize(
    ("written", "divided"),
    [
        (template(), True),
        (template(completionMode="NonIndexed", backoffLimit=3, activeDeadlineSeconds=60), True),
        (template(completions=None, parallelism=None), True),
        (template({"restartPolicy": "OnFailure"}, backoffLimit=3), True),
        (template(suspend=False, managedBy="kubernetes.io/job-controller", ttlSecondsAfterFinished=5), True),
        (template({"subdomain": "mpi", "setHostnameAsFQDN": True}), False),
        (job_set(suspend=False, ttlSecondsAfterFinished=5), True),
        ({}, True),
    ],
)
def test_all_else_is_no_flaw(written: dict[str, Any], divided: bool) -> None:
    assert list(flaws(written, divided=divided)) == []


def test_all_flaws_are_told_at_once() -> None:
    written = template({"nodeName": "n1", "subdomain": "mpi"}, completions=0, suspend=True)
    assert len(list(flaws(written, divided=True))) == 4
