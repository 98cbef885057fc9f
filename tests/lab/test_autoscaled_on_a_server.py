"""Replicas that an autoscaler decides, on a real API server: no apply ever resets them."""

import time

import pytest

from kubefleet.kube.connection import Connection
from kubefleet.kube.member_apply import Wanted, place, remove
from kubefleet.kube.patience import Patience
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.rollout.wanted import wanted_on

pytestmark = pytest.mark.lab

WEB = PlacementIdentity("d4" * 8, "web", "prod", "shop", "ada")
SPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "scaled"}}
PATH = "/apis/apps/v1/namespaces/scaled/deployments/web"
HPAS = "/apis/autoscaling/v2/namespaces/scaled/horizontalpodautoscalers"
HPA = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "web", "namespace": "scaled"},
    "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "minReplicas": 1,
        "maxReplicas": 10,
    },
}


def deployment(image):
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "scaled"},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"terminationGracePeriodSeconds": 1, "containers": [{"name": "web", "image": image}]},
            },
        },
    }


def put(connection: Connection, image: str, *others) -> None:
    manifests = {item["kind"]: item for item in (SPACE, deployment(image), *others)}
    wanted: Wanted = wanted_on(manifests, image, {"Deployment/scaled/web": 3})
    place(
        connection,
        WEB,
        wanted,
        cluster_uid="c-1",
        wait=[].append,
        patience=Patience(15, time.monotonic() + 60),
    )


def scale(connection: Connection, replicas: int) -> None:
    """As Kubernetes' HPA controller does it."""
    body = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "web", "namespace": "scaled"}}
    connection.patch(
        f"{PATH}/scale",
        body | {"spec": {"replicas": replicas}},
        fieldManager="kube-controller-manager",
        force=True,
    )


def replicas(connection: Connection) -> int:
    return int(connection.get(PATH)["spec"]["replicas"])


@pytest.fixture
def placed(connection):
    yield connection
    assert remove(connection, WEB, patience=Patience(15, time.monotonic() + 60)).done


def test_ten_applies_never_reset_what_the_autoscaler_has_set(placed):
    put(placed, "web:0", HPA)
    for turn in range(1, 11):
        scale(placed, 1 + turn % 9)
        put(placed, f"web:{turn}", HPA)
        assert replicas(placed) == 1 + turn % 9
        assert placed.get(PATH)["spec"]["template"]["spec"]["containers"][0]["image"] == f"web:{turn}"


def test_a_workload_that_becomes_autoscaled_keeps_its_replicas(placed):
    put(placed, "web:1")
    assert replicas(placed) == 3
    put(placed, "web:2", HPA)
    assert replicas(placed) == 3
    held = [entry["manager"] for entry in placed.get(PATH)["metadata"]["managedFields"] if "f:replicas" in str(entry)]
    assert WEB.manager not in held


def test_what_an_autoscaler_outside_of_the_manifests_has_set_is_left_alone(placed):
    put(placed, "web:1")
    placed.patch(f"{HPAS}/web", HPA, fieldManager="somebody")
    scale(placed, 7)
    put(placed, "web:2")
    assert replicas(placed) == 7
    placed.delete(f"{HPAS}/web")
    put(placed, "web:3")
    assert replicas(placed) == 3


def test_what_nobody_scales_has_the_replicas_that_were_decided(placed):
    put(placed, "web:1")
    placed.patch(
        f"{PATH}/scale",
        {
            "apiVersion": "autoscaling/v1",
            "kind": "Scale",
            "metadata": {"name": "web", "namespace": "scaled"},
            "spec": {"replicas": 9},
        },
        fieldManager="kubectl",
        force=True,
    )
    put(placed, "web:2")
    assert replicas(placed) == 3
