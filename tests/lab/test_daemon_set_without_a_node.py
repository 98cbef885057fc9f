"""A DaemonSet on a real cluster of which a node is not ready: its rollout does not wait for that node.

Its controller leaves such a node out of the nodes that are desired: what the status counts is enough.
"""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from kubefleet.kube.connect import connect
from kubefleet.kube.connection import Connection
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.lab.lab import Lab
from kubefleet.model.phase import Phase
from kubefleet.model.strategy import RollingUpdate, Share
from kubefleet.rollout.settle import run_settle
from kubefleet.rollout.task import Task
from kubefleet.rollout.walk import run_rollout

pytestmark = pytest.mark.lab

KEY = "apps/v1/DaemonSet/default/agent"
PATH = "/apis/apps/v1/namespaces/default/daemonsets/agent"


def daemon_set(image: str) -> dict[str, object]:
    labels = {"app": "agent"}
    pods = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": image}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "agent", "namespace": "default"},
        "spec": {"selector": {"matchLabels": labels}, "template": pods},
    }


@pytest.fixture
def member(quickstart_lab: Lab) -> Iterator[Connection]:
    made = connect("eu-2", quickstart_lab.access("eu-2"))
    yield made
    quickstart_lab.heal("eu-2")
    assert run_settle(task(made, {}, "one")).phase is Phase.COMPLETE
    made.close()


def task(member: Connection, target: dict[str, dict[str, int]], image: str) -> Task:
    return Task(
        identity=PlacementIdentity("00000000000000da", "agent", "shop", "org/project/test"),
        manifests={KEY: daemon_set(f"agent:{image}")},
        revision=image,
        target=target,
        members=("eu-2",),
        strategy=RollingUpdate(Share(1), progress_deadline=90),
        connect=lambda _: member,
        show=lambda _: None,
        warn=lambda _: None,
    )


def rolled_out(member: Connection, image: str) -> Phase:
    one = task(member, {"eu-2": {}}, image)
    result = run_rollout(one)
    assert result.phase is Phase.COMPLETE, result.reason
    return run_settle(one).phase


def test_a_rollout_does_not_wait_for_a_node_that_is_not_ready(member: Connection, quickstart_lab: Lab) -> None:
    assert rolled_out(member, "one") is Phase.COMPLETE
    assert member.get(PATH)["status"]["numberAvailable"] == 3
    quickstart_lab.not_ready("eu-2")
    until = time.monotonic() + 60
    while member.get(PATH)["status"].get("numberAvailable") == 3 and time.monotonic() < until:
        time.sleep(0.2)
    began = time.monotonic()
    assert rolled_out(member, "two") is Phase.COMPLETE
    assert time.monotonic() - began < 80
    ready = {node["metadata"]["name"] for node in member.list("/api/v1/nodes") if _is_ready(node)}
    assert len(ready) == 2
    pods = list(member.list("/api/v1/namespaces/default/pods", labelSelector="app=agent"))
    here = [pod for pod in pods if pod["spec"]["nodeName"] in ready]
    assert [(pod["spec"]["containers"][0]["image"], _is_ready(pod)) for pod in here] == [("agent:two", True)] * 2


def _is_ready(item: dict[str, Any]) -> bool:
    return any(found["type"] == "Ready" and found["status"] == "True" for found in item["status"]["conditions"])
