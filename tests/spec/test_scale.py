import pytest

from kubefleet.resources.ownership import revision_of
from kubefleet.rollout.wanted import wanted_on
from kubefleet.spec.scale import paths_of_crds, replicas_in, replicas_path, with_replicas

pytestmark = pytest.mark.fast

POOL = {
    "apiVersion": "example.com/v1",
    "kind": "WorkerPool",
    "metadata": {"name": "pool", "namespace": "shop", "annotations": {"pulumi-kubefleet/replicas-path": ".spec.a.b"}},
    "spec": {"a": {"b": 4, "c": 1}},
}


@pytest.mark.parametrize(
    ("api_version", "kind", "path"),
    [
        ("apps/v1", "Deployment", ("spec", "replicas")),
        ("apps/v1", "StatefulSet", ("spec", "replicas")),
        ("v1", "ReplicationController", ("spec", "replicas")),
        ("apps/v1", "DaemonSet", None),
        ("batch/v1", "Job", None),
        ("example.com/v1", "Deployment", None),
    ],
)
def test_kubernetes_own_workloads_have_replicas_in_their_spec(api_version, kind, path):
    assert replicas_path({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}}) == path


def test_replicas_are_read_and_written_at_the_path_and_nothing_else_changes():
    assert replicas_in(POOL) == 4
    assert with_replicas(POOL, 7)["spec"] == {"a": {"b": 7, "c": 1}}
    assert with_replicas(POOL, None)["spec"] == {"a": {"c": 1}}
    assert POOL["spec"] == {"a": {"b": 4, "c": 1}}


def test_what_is_not_there_yet_is_made_on_the_way():
    bare = {**POOL, "spec": {}}
    assert with_replicas(bare, 2)["spec"] == {"a": {"b": 2}}
    assert with_replicas(bare, None)["spec"] == {}


@pytest.mark.parametrize("annotations", [{"pulumi-kubefleet/replicas-path": "."}, {}, None, object()])
def test_an_annotation_that_is_none_says_nothing(annotations):
    assert replicas_path({**POOL, "metadata": {"name": "pool", "annotations": annotations}}) is None


def test_each_version_of_a_definition_has_a_path_of_its_own():
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "spec": {
            "group": "example.com",
            "names": {"kind": "Pool"},
            "versions": [
                {"name": "v1", "subresources": {"scale": {"specReplicasPath": ".spec.size"}}},
                {"name": "v2", "subresources": {"scale": {"specReplicasPath": ".spec.replicas"}}},
                {"name": "v3", "subresources": {"status": {}}},
            ],
        },
    }
    assert paths_of_crds([crd, POOL]) == {
        ("example.com/v1", "Pool"): ".spec.size",
        ("example.com/v2", "Pool"): ".spec.replicas",
    }


def test_each_cluster_gets_its_replicas_and_they_are_no_part_of_the_revision():
    (item,) = wanted_on({"a": POOL}, "r", {"WorkerPool/shop/pool": 3}).objects
    assert item["spec"] == {"a": {"b": 3, "c": 1}}
    assert revision_of({"a": POOL}, {}) == revision_of({"a": with_replicas(POOL, 9)}, {})
    assert revision_of({"a": POOL}, {}) != revision_of({"a": {**POOL, "spec": {"a": {"b": 4, "c": 2}}}}, {})
