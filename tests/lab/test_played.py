"""What kwok plays: nodes, pods and, where no controller runs, the status of Deployments."""

import base64
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import urllib3
import yaml
from lab_objects import (
    DEPLOYMENTS,
    FOREGROUND,
    JOBS,
    PODS,
    available,
    condition,
    deployment,
    gone,
    job,
    template,
    until,
)

from kubefleet.kube import Connection, connect
from kubefleet.lab.lab import Lab

pytestmark = pytest.mark.lab

# Two clusters on one etcd: a hub, and one that only has an API server.
OWN_LAB = """
name: own
etcd: shared
clusters:
- {name: hub, role: hub, controllers: [controller-manager], plays: []}
- name: bare
  labels: {region: eu}
  controllers: []
  plays: [nodes, deployments]
  nodes:
  - {count: 3, allocatable: {cpu: "4", memory: 16Gi}}
"""


@pytest.fixture(scope="module")
def connection(quickstart_lab: Lab) -> Iterator[Connection]:
    connection = connect("us-1", quickstart_lab.access("us-1"))
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def own_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("own")
    (folder / "lab.yaml").write_text(OWN_LAB)
    with Lab(folder / "lab.yaml", folder=folder) as lab:
        yield lab


@pytest.fixture
def reach(own_lab: Lab) -> Iterator[Callable[[str], Connection]]:
    made: list[Connection] = []

    def to(cluster: str) -> Connection:
        made.append(connect(cluster, own_lab.access(cluster)))
        return made[-1]

    yield to
    for connection in made:
        connection.close()


def removed(connection: Connection, path: str, name: str) -> None:
    connection.delete(f"{path}/{name}", FOREGROUND)
    until(lambda: gone(connection, PODS, name))


def test_a_deployment_becomes_available_on_played_nodes_and_goes(connection: Connection) -> None:
    connection.post(DEPLOYMENTS, deployment("plain", 3))
    until(lambda: available(connection, "plain") == 3)
    pods = list(connection.list(PODS, labelSelector="app=plain"))
    assert {pod["status"]["phase"] for pod in pods} == {"Running"}
    assert all(pod["spec"]["nodeName"].startswith("us-1-") and pod["status"]["podIP"] for pod in pods)
    removed(connection, DEPLOYMENTS, "plain")


def test_a_pod_is_ready_as_late_as_its_annotation_says(connection: Connection) -> None:
    begun = time.monotonic()
    connection.post(DEPLOYMENTS, deployment("late", 1, ready_after="2s"))
    until(lambda: available(connection, "late") == 1)
    assert time.monotonic() - begun > 2
    removed(connection, DEPLOYMENTS, "late")


def test_a_pod_that_shall_never_be_ready_runs_and_is_not(connection: Connection) -> None:
    connection.post(DEPLOYMENTS, deployment("stuck", 1, never_ready="true"))
    path = PODS

    def phases() -> set[str]:
        return {pod["status"]["phase"] for pod in connection.list(path, labelSelector="app=stuck")}

    until(lambda: phases() == {"Running"})
    time.sleep(1.5)  # a pod without the annotation is ready by now
    assert available(connection, "stuck") == 0
    removed(connection, DEPLOYMENTS, "stuck")


def test_a_job_completes_after_its_time_or_fails_by_annotation(connection: Connection) -> None:
    begun = time.monotonic()
    connection.post(JOBS, job("slow", complete_after="2s"))
    connection.post(JOBS, job("bad", complete_after="50ms", outcome="failed"))
    until(lambda: condition(connection, f"{JOBS}/bad", "Failed").get("status") == "True")
    until(lambda: condition(connection, f"{JOBS}/slow", "Complete").get("status") == "True")
    assert time.monotonic() - begun > 2
    assert connection.get(f"{JOBS}/slow")["status"]["succeeded"] == 1
    for name in ("slow", "bad"):
        removed(connection, JOBS, name)


def test_without_controllers_a_deployments_status_follows_its_spec(reach: Callable[[str], Connection]) -> None:
    bare = reach("bare")
    bare.post(DEPLOYMENTS, deployment("told", 5))
    until(lambda: available(bare, "told") == 5)
    bare.patch(f"{DEPLOYMENTS}/told", {"spec": {"replicas": 2}}, "application/merge-patch+json")
    until(lambda: available(bare, "told") == 2)
    status = bare.get(f"{DEPLOYMENTS}/told")["status"]
    assert (status["observedGeneration"], status["updatedReplicas"]) == (2, 2)
    assert condition(bare, f"{DEPLOYMENTS}/told", "Available")["status"] == "True"
    bare.patch(f"{DEPLOYMENTS}/told", {"spec": {"replicas": 0}}, "application/merge-patch+json")
    until(lambda: available(bare, "told") == 0)
    bare.delete(f"{DEPLOYMENTS}/told")


def test_clusters_on_one_etcd_share_nothing(reach: Callable[[str], Connection]) -> None:
    hub, bare = reach("hub"), reach("bare")
    assert len(list(bare.list("/api/v1/nodes"))) == 3
    assert list(hub.list("/api/v1/nodes")) == []
    uids = [cluster.get("/api/v1/namespaces/kube-system")["metadata"]["uid"] for cluster in (hub, bare)]
    assert uids[0] != uids[1]


def test_strangers_see_a_clusters_health_and_a_hubs_issuer_only(own_lab: Lab) -> None:
    status = own_lab.status()
    assert status is not None
    servers = {cluster.name: cluster.server for cluster in status.clusters}
    config = yaml.safe_load(own_lab.kubeconfig.read_text())
    authorities = {item["name"]: item["cluster"]["certificate-authority-data"] for item in config["clusters"]}

    def code(cluster: str, path: str) -> int:
        authority = base64.b64decode(authorities[cluster]).decode()
        with urllib3.PoolManager(ca_cert_data=authority) as pool:
            return pool.request("GET", servers[cluster] + path, retries=False).status

    for cluster in servers:
        assert code(cluster, "/readyz") == 200
        assert code(cluster, "/version") == 401
        assert code(cluster, "/api/v1/pods") == 401
    # 403: known as a stranger, and RBAC allows strangers nothing; elsewhere there are none at all.
    assert code("hub", "/openid/v1/jwks") == 403
    assert code("bare", "/openid/v1/jwks") == 401


def test_each_cluster_is_an_issuer_of_its_own(reach: Callable[[str], Connection]) -> None:
    for name in ("hub", "bare"):
        document = reach(name).get("/.well-known/openid-configuration")
        assert document["issuer"] == f"https://{name}.fleet.test"
        assert document["jwks_uri"].endswith("/openid/v1/jwks")


def test_nodes_of_the_gpu_lab_carry_labels_taints_and_accelerators(fresh_lab: Callable[..., Lab]) -> None:
    lab = fresh_lab("gpu", members=2)
    found: dict[str, list[dict[str, Any]]] = {}
    for cluster in ("h100", "a100"):
        connection = connect(cluster, lab.access(cluster))
        found[cluster] = list(connection.list("/api/v1/nodes"))
        if cluster == "h100":
            _places_on_an_accelerator(connection)
        connection.close()
    shapes = {cluster: {_shape(node) for node in nodes} for cluster, nodes in found.items()}
    assert shapes == {
        "h100": {("Standard_ND96isr_H100_v5", "8", "8", True), ("Standard_D8s_v5", "", "", False)},
        "a100": {("Standard_NC96ads_A100_v4", "4", "", True), ("Standard_D8s_v5", "", "", False)},
    }
    labels = found["h100"][0]["metadata"]["labels"]
    assert labels["nvidia.com/gpu.product"] == "NVIDIA-H100-80GB-HBM3"
    assert labels["feature.node.kubernetes.io/rdma.capable"] == "true"
    assert labels["topology.kubernetes.io/region"] == "eu"


def _shape(node: dict[str, Any]) -> tuple[str, str, str, bool]:
    allocatable = node["status"]["allocatable"]
    assert node["status"]["capacity"] == allocatable
    return (
        node["metadata"]["labels"]["node.kubernetes.io/instance-type"],
        allocatable.get("nvidia.com/gpu", ""),
        allocatable.get("rdma/hca_shared_devices_a", ""),
        any(taint["key"] == "nvidia.com/gpu" for taint in node["spec"].get("taints", [])),
    )


def _places_on_an_accelerator(connection: Connection) -> None:
    """A pod that wants a whole node's accelerators comes to one, and only when it tolerates the taint."""
    limits = {"nvidia.com/gpu": "8", "rdma/hca_shared_devices_a": "1"}
    toleration = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
    container = {"resources": {"limits": limits, "requests": limits}}
    for name, tolerations in (("trainer", [toleration]), ("intruder", [])):
        pod = template(name, container=container, tolerations=tolerations)
        pod["metadata"]["name"] = name
        connection.post(PODS, {"apiVersion": "v1", "kind": "Pod", **pod})
    until(lambda: connection.get(f"{PODS}/trainer")["status"]["phase"] == "Running")
    scheduled = until(lambda: condition(connection, f"{PODS}/intruder", "PodScheduled"))
    assert scheduled["reason"] == "Unschedulable"
