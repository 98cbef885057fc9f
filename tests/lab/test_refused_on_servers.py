"""What a cluster refuses in a rollout ends in a clear reason, and the next run completes when it does no longer."""

import time

import pytest
from lab_objects import QUICK, until

from kubefleet.kube import connect
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.model.phase import Phase
from kubefleet.model.strategy import RollingUpdate
from kubefleet.rollout.settle import run_settle
from kubefleet.rollout.task import Task
from kubefleet.rollout.walk import run_rollout

pytestmark = pytest.mark.lab

MEMBER = "us-1"
NAMESPACES = "/api/v1/namespaces"


def deployment(namespace="default", image="refused:1"):
    container = {"name": "main", "image": image, "resources": {"requests": {"cpu": "100m"}}}
    template = {"metadata": {"labels": {"app": "refused"}, "annotations": QUICK}, "spec": {"containers": [container]}}
    template["spec"]["terminationGracePeriodSeconds"] = 1
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "refused", "namespace": namespace},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "refused"}}, "template": template},
    }


def config(namespace="default", name="refused"):
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "1"}}


@pytest.fixture
def connection(quickstart_lab):
    connection = connect(MEMBER, quickstart_lab.access(MEMBER))
    yield connection
    connection.close()


@pytest.fixture
def run(connection):
    """Runs a whole rollout of these objects; what it has placed is removed afterwards."""

    def task(*objects, deadline=20):
        keys = {f"{item['apiVersion']}/{item['kind']}//{item['metadata']['name']}": item for item in objects}
        return Task(
            identity=PlacementIdentity("00000000000000bb", "refused", "shop", "org/project/test"),
            manifests=keys,
            revision=str(len(objects)),
            target={MEMBER: {}} if objects else {},
            members=(MEMBER,),
            strategy=RollingUpdate(progress_deadline=deadline),
            connect=lambda name: connection,
            show=lambda line: None,
            warn=lambda line: None,
        )

    def run(*objects, deadline=20):
        found = run_rollout(task(*objects, deadline=deadline))
        return run_settle(task(*objects, deadline=deadline)) if found.phase is Phase.COMPLETE else found

    yield run
    end = time.monotonic() + 60
    while (gone := run_settle(task())).phase is not Phase.COMPLETE:
        assert time.monotonic() < end, gone.reason


def test_a_webhook_that_denies(quickstart_lab, run):
    quickstart_lab.refuse(MEMBER)
    try:
        found = run(deployment())
        assert found.phase is Phase.FAILED
        assert "Deployment default/refused not applied: refused by admission" in found.reason
        assert "refused by the lab" in found.reason
    finally:
        quickstart_lab.heal(MEMBER)
    assert run(deployment()).phase is Phase.COMPLETE


def test_a_full_quota(quickstart_lab, run):
    quickstart_lab.exhaust(MEMBER)
    try:
        found = run(deployment(), deadline=5)
        assert found.phase is Phase.FAILED
        assert "Deployment default/refused is not available" in found.reason
        assert "exceeded quota" in found.reason
    finally:
        quickstart_lab.heal(MEMBER)
    assert run(deployment(), deadline=60).phase is Phase.COMPLETE


def test_storage_that_takes_nothing(quickstart_lab, run):
    quickstart_lab.read_only(MEMBER)
    try:
        found = run(config())
        assert found.phase is Phase.FAILED
        assert "space exceeded" in found.reason
        assert "Run `pulumi up` again" in found.reason
    finally:
        quickstart_lab.heal(MEMBER)
    assert run(config()).phase is Phase.COMPLETE


def test_a_namespace_on_its_way_out(connection, run):
    connection.post(NAMESPACES, {"metadata": {"name": "leaving"}})
    held = config("leaving", "held")
    held["metadata"]["finalizers"] = ["example.com/slow"]
    connection.post(f"{NAMESPACES}/leaving/configmaps", held)
    connection.delete(f"{NAMESPACES}/leaving")
    found = run(config("leaving"))
    assert found.phase is Phase.FAILED
    assert "ConfigMap leaving/refused not applied" in found.reason
    assert "being terminated. Wait until the namespace is gone, then run `pulumi up` again" in found.reason
    free = {"metadata": {"finalizers": None}}
    connection.patch(f"{NAMESPACES}/leaving/configmaps/held", free, "application/merge-patch+json")
    until(lambda: "leaving" not in [item["metadata"]["name"] for item in connection.list(NAMESPACES)])
    connection.post(NAMESPACES, {"metadata": {"name": "leaving"}})
    assert run(config("leaving")).phase is Phase.COMPLETE
    connection.delete(f"{NAMESPACES}/leaving")


def test_pod_security(connection, run):
    label = {"pod-security.kubernetes.io/enforce": "restricted"}
    connection.post(NAMESPACES, {"metadata": {"name": "secured", "labels": label}})
    found = run(deployment("secured"), deadline=5)
    assert found.phase is Phase.FAILED
    assert "Deployment secured/refused is not available" in found.reason
    assert 'violates PodSecurity "restricted' in found.reason
    free = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": None}}}
    connection.patch(f"{NAMESPACES}/secured", free, "application/merge-patch+json")
    assert run(deployment("secured"), deadline=60).phase is Phase.COMPLETE
    connection.delete(f"{NAMESPACES}/secured")


def test_a_finalizer_that_is_stuck(connection, run):
    assert run(config(), config(name="other")).phase is Phase.COMPLETE
    path = "/api/v1/namespaces/default/configmaps/other"
    merge = "application/merge-patch+json"
    connection.patch(path, {"metadata": {"finalizers": ["example.com/slow"]}}, merge)
    found = run(config(), deadline=3)
    assert found.phase is Phase.FAILED
    assert "not gone: ConfigMap default/other: deleted, but held by the finalizers `example.com/slow`" in found.reason
    connection.patch(path, {"metadata": {"finalizers": None}}, merge)
    assert run(config()).phase is Phase.COMPLETE
