from typing import Any

import pytest
from immutabledict import immutabledict

from kubefleet.kube.inventory_object import InventoryBooking
from kubefleet.kube.load import LoadCounter

pytestmark = pytest.mark.fast


def pod(node: str = "n1", *, cpu: str = "1", phase: str = "Running", namespace: str = "a", **labels: str) -> Any:
    return {
        "metadata": {"namespace": namespace, "labels": labels},
        "spec": {"nodeName": node, "containers": [{"resources": {"requests": {"cpu": cpu}}}]},
        "status": {"phase": phase},
    }


def booking(namespace: str, **selector: str) -> InventoryBooking:
    return InventoryBooking("Deployment/a/web", 3, selector=immutabledict(selector), namespace=namespace)


def test_pods_add_up_on_their_nodes() -> None:
    counter = LoadCounter()
    for item in [pod(), pod(), pod(cpu="250m"), pod("n2")]:
        counter.count(item)
    assert {node: dict(taken) for node, taken in counter.result().by_node.items()} == {
        "n1": {"cpu": 2250, "pods": 3},
        "n2": {"cpu": 1000, "pods": 1},
    }


def test_pods_without_a_node_are_pending() -> None:
    counter = LoadCounter()
    counter.count(pod("", phase="Pending"))
    load = counter.result()
    assert dict(load.pending) == {"cpu": 1000, "pods": 1}
    assert load.by_node == {}


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_pods_that_have_ended_take_nothing(phase: str) -> None:
    counter = LoadCounter([booking("a", app="web")])
    counter.count(pod(phase=phase, app="web"))
    assert counter.result().by_node == {}
    assert counter.result().live == (0,)


def test_pods_of_a_booking_are_found_by_namespace_and_labels() -> None:
    counter = LoadCounter([booking("a", app="web"), booking("a", app="web", track="canary"), booking("b", app="web")])
    for item in [
        pod(app="web"),
        pod(app="web", track="canary"),
        pod("", app="web", phase="Pending"),
        pod(app="db"),
        pod(namespace="b", app="web"),
    ]:
        counter.count(item)
    assert counter.result().live == (3, 1, 1)


def test_a_booking_without_a_selector_has_no_pods() -> None:
    counter = LoadCounter([booking("a")])
    counter.count(pod())
    assert counter.result().live == (0,)


@pytest.mark.parametrize(
    "item", [{}, {"spec": None}, {"metadata": {}, "spec": 1}, {"spec": {"containers": 1}}, pod(cpu="many")]
)
def test_a_malformed_pod_costs_itself(item: Any) -> None:
    counter = LoadCounter()
    counter.count(item)
    counter.count(pod())
    load = counter.result()
    assert load.malformed == 1
    assert load.by_node["n1"]["cpu"] == 1000
