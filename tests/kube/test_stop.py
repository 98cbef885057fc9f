import pytest

from kubefleet.kube.stop import has_pods

pytestmark = pytest.mark.fast

PATH = {"annotations": {"pulumi-kubefleet/replicas-path": ".spec.size"}}


@pytest.mark.parametrize(
    ("kind", "metadata", "spec", "status", "expected"),
    [
        ("Deployment", {}, {"replicas": 2}, {}, True),
        ("Deployment", {}, {"replicas": 0}, {"observedGeneration": 3, "replicas": 1}, True),
        ("Deployment", {}, {"replicas": 0}, {"observedGeneration": 2}, True),
        ("Deployment", {}, {"replicas": 0}, {"observedGeneration": 3}, False),
        ("Database", PATH, {"size": 1}, {}, True),
        ("Database", PATH, {"size": 0}, {"replicas": 1}, True),
        ("Database", PATH, {"size": 0}, {}, False),
    ],
)
def test_what_is_scaled_to_nothing_has_stopped_when_its_controller_says_so(kind, metadata, spec, status, expected):
    group = "apps/v1" if kind == "Deployment" else "example.com/v1"
    told = {"metadata": {"generation": 3, **metadata}, "spec": spec, "status": status}
    live = {"apiVersion": group, "kind": kind, **told}
    assert has_pods(live) is expected
