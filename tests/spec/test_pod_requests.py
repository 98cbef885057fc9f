from typing import Any

import pytest

from kubefleet.spec.pod_requests import pod_requests

pytestmark = pytest.mark.fast


def box(request: str | None = None, *, sidecar: bool = False, **limits: str) -> dict[str, Any]:
    container: dict[str, Any] = {"resources": {}}
    if request is not None:
        container["resources"]["requests"] = {"cpu": request}
    if limits:
        container["resources"]["limits"] = limits
    return container | ({"restartPolicy": "Always"} if sidecar else {})


@pytest.mark.parametrize(
    ("pod", "cpu"),
    [
        ({}, None),
        ({"containers": [box("1"), box("500m")]}, 1500),
        ({"containers": [box()]}, None),
        # a limit stands in for a request that is absent, and only then
        ({"containers": [box(None, cpu="2")]}, 2000),
        ({"containers": [box("1", cpu="2")]}, 1000),
        # init containers run one after the other: the largest counts if it is more than the rest together
        ({"containers": [box("1")], "initContainers": [box("3"), box("2")]}, 3000),
        ({"containers": [box("4")], "initContainers": [box("3")]}, 4000),
        # a sidecar runs beside the containers, and beside the init containers after it
        ({"containers": [box("1")], "initContainers": [box("1", sidecar=True)]}, 2000),
        ({"containers": [box("1")], "initContainers": [box("1", sidecar=True), box("3")]}, 4000),
        ({"containers": [box("1")], "initContainers": [box("3"), box("1", sidecar=True)]}, 3000),
        # what the pod says itself counts instead
        ({"containers": [box("1")], "resources": {"requests": {"cpu": "5"}}}, 5000),
        ({"containers": [box("1")], "overhead": {"cpu": "250m"}}, 1250),
        ({"containers": [box("1")], "resources": {"requests": {"cpu": "5"}}, "overhead": {"cpu": "1"}}, 6000),
    ],
)
def test_a_pod_asks_what_kube_scheduler_counts(pod: dict[str, Any], cpu: int | None) -> None:
    assert pod_requests(pod).get("cpu") == cpu


def test_resources_are_counted_each_by_itself() -> None:
    pod = {
        "containers": [{"resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}],
        "initContainers": [{"resources": {"requests": {"cpu": "500m", "memory": "4Gi"}}}],
    }
    assert pod_requests(pod) == {"cpu": 1000, "memory": 4 * 2**30}


def test_a_bad_quantity_names_its_container_and_resource() -> None:
    pod = {"containers": [box("1"), box("lots")]}
    with pytest.raises(ValueError, match=r"containers\[1\]\.resources\.cpu: bad quantity `lots`"):
        pod_requests(pod)
