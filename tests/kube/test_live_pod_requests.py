from typing import Any

import pytest

from kubefleet.kube.pod_requests import RequestCache, live_pod_requests

pytestmark = pytest.mark.fast


def container(name: str, cpu: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "resources": {"requests": {"cpu": cpu}}, **more}


def held(name: str, cpu: str, aside: str | None = None) -> dict[str, Any]:
    status: dict[str, Any] = {"name": name, "resources": {"requests": {"cpu": cpu}}}
    return status if aside is None else {**status, "allocatedResources": {"cpu": aside}}


CASES = {
    "containers add up": ({"containers": [container("a", "1"), container("b", "500m")]}, {}, 1500),
    "no requests": ({"containers": [{"name": "a"}]}, {}, None),
    "an init container larger than the rest": (
        {"containers": [container("a", "1")], "initContainers": [container("i", "3")]},
        {},
        3000,
    ),
    "a sidecar counts beside containers and beside what starts after it": (
        {
            "containers": [container("a", "1")],
            "initContainers": [
                container("i", "1"),
                container("s", "2", restartPolicy="Always"),
                container("j", "1500m"),
            ],
        },
        {},
        3500,
    ),
    "an init container before the sidecar does not count beside it": (
        {
            "containers": [container("a", "1")],
            "initContainers": [container("i", "2"), container("s", "500m", restartPolicy="Always")],
        },
        {},
        2000,
    ),
    "overhead comes on top": ({"containers": [container("a", "1")], "overhead": {"cpu": "250m"}}, {}, 1250),
    "what the pod asks as a whole replaces the sum": (
        {"containers": [container("a", "1")], "resources": {"requests": {"cpu": "4"}}},
        {},
        4000,
    ),
    "a resize down still holds the old amount": (
        {"containers": [container("a", "1")]},
        {"containerStatuses": [held("a", "2")]},
        2000,
    ),
    "a resize up counts from the moment it is asked": (
        {"containers": [container("a", "3")]},
        {"containerStatuses": [held("a", "2", "2")]},
        3000,
    ),
    "what the node has set aside counts": (
        {"containers": [container("a", "1")]},
        {"containerStatuses": [held("a", "1", "1500m")]},
        1500,
    ),
    "a sidecar's resize counts": (
        {
            "containers": [container("a", "1")],
            "initContainers": [container("s", "1", restartPolicy="Always")],
        },
        {"initContainerStatuses": [held("s", "2")]},
        3000,
    ),
}


@pytest.mark.parametrize(("spec", "status", "cpu"), CASES.values(), ids=CASES.keys())
def test_what_a_pod_takes(spec: dict[str, Any], status: dict[str, Any], cpu: int | None) -> None:
    pod = {"spec": spec, "status": status}
    requests = live_pod_requests(pod)
    assert requests.get("cpu") == cpu
    assert requests["pods"] == 1
    cache = RequestCache()
    assert cache.of(pod) == cache.of(pod) == requests


def test_pods_that_differ_are_not_taken_for_one_another() -> None:
    cache = RequestCache()
    found = [cache.of({"spec": spec, "status": status})["pods"] for spec, status, _ in CASES.values()]
    again = [cache.of({"spec": spec, "status": status}).get("cpu") for spec, status, _ in CASES.values()]
    assert set(found) == {1}
    assert again == [cpu for _, _, cpu in CASES.values()]


def test_a_malformed_amount_is_named() -> None:
    with pytest.raises(ValueError, match=r"containers\[0\].*cpu.*`many`"):
        live_pod_requests({"spec": {"containers": [container("a", "many")]}})
