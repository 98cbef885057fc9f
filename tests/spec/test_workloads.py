from typing import Any

import pytest

from kubefleet.model.request import Workload
from kubefleet.spec.mistakes import Mistake
from kubefleet.spec.workload_cut import cut_workload
from kubefleet.spec.workloads import parse_workloads

pytestmark = pytest.mark.fast

POD = {
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "gpu", "operator": "Exists"}],
    "affinity": {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a", "b"]}]}]
            }
        }
    },
    "containers": [{"name": "a", "image": "secret/image", "resources": {"requests": {"cpu": "2"}}}],
}


def manifest(kind: str, name: str, replicas: int | None = None, **pod: Any) -> dict[str, Any]:
    spec: dict[str, Any] = {"template": {"spec": pod}} | ({} if replicas is None else {"replicas": replicas})
    version = {"Job": "batch/v1", "Pod": "v1"}.get(kind, "apps/v1")
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, "namespace": "shop"},
        "spec": pod if kind == "Pod" else spec,
    }


def parse(*manifests: dict[str, Any]) -> tuple[tuple[Workload, ...], list[str]]:
    mistakes: list[Mistake] = []
    cuts = [cut for item in manifests if (cut := cut_workload(item)) is not None]
    return parse_workloads(cuts, "placements.web", mistakes), [str(mistake) for mistake in mistakes]


def test_only_what_scheduling_reads_is_cut_out() -> None:
    cut = cut_workload(manifest("Deployment", "api", 3, **POD))
    assert cut is not None
    assert (cut["kind"], cut["namespace"], cut["name"], cut["replicas"]) == ("Deployment", "shop", "api", 3)
    assert cut["pod"]["containers"] == [{"resources": {"requests": {"cpu": "2"}}}]
    assert "image" not in str(cut)


@pytest.mark.parametrize(
    "item",
    [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}},
        {"apiVersion": "example.com/v1", "kind": "Deployment", "metadata": {"name": "a"}},
    ],
)
def test_an_object_without_pods_is_no_workload(item: dict[str, Any]) -> None:
    assert cut_workload(item) is None


def test_a_pod_template_becomes_what_it_asks_of_a_node() -> None:
    (work,), mistakes = parse(manifest("StatefulSet", "db", 2, **POD))
    assert mistakes == []
    assert (work.key, work.namespace, work.replicas, work.divisible) == ("StatefulSet/shop/db", "shop", 2, True)
    assert (dict(work.pod.requests), dict(work.pod.node_selector)) == ({"cpu": 2000}, {"disk": "ssd"})
    assert [(item.key, item.operator) for item in work.pod.tolerations] == [("gpu", "Exists")]
    assert [[str(expr) for expr in term] for term in work.pod.node_affinity] == [["zone In a,b"]]


@pytest.mark.parametrize(
    ("manifests", "divisible"),
    [
        ([("Deployment", 1)], [True]),
        ([("Deployment", None)], [True]),
        ([("Deployment", 1), ("Job", None)], [True, False]),
        ([("Deployment", 4), ("StatefulSet", 1)], [True, False]),
        ([("DaemonSet", None), ("Pod", None)], [False, False]),
    ],
)
def test_what_is_divided(manifests: list[tuple[str, int | None]], divisible: list[bool]) -> None:
    found, _ = parse(*(manifest(kind, f"w{i}", replicas) for i, (kind, replicas) in enumerate(manifests)))
    assert [work.divisible for work in found] == divisible


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (manifest("Deployment", "api", -1), "placements.web.manifests[Deployment/shop/api].spec.replicas: `-1`"),
        (
            manifest("Deployment", "api", 1, containers=[{"resources": {"requests": {"cpu": "x"}}}]),
            "placements.web.manifests[Deployment/shop/api]: containers[0].resources.cpu: bad quantity `x`",
        ),
        (
            {**manifest("Deployment", "api", 1), "spec": {"template": "web"}},
            "placements.web.manifests[Deployment/shop/api]: the spec of its pods is no mapping",
        ),
    ],
)
def test_a_bad_number_is_a_mistake_by_path(item: dict[str, Any], message: str) -> None:
    found, (mistake,) = parse(item)
    assert found == ()
    assert mistake.startswith(message)
