"""One large member: 500 nodes, 10,000 pods in 1,000 namespaces, as objects of an API server."""

from collections.abc import Callable, Iterable
from typing import Any

from kubefleet.kube import ApiError, Connection, fan_out
from kubefleet.lab.spec import LabClusterSpec, LabSpec
from kubefleet.spec.cluster import NodesSpec

NODES = 500
NAMESPACES = 1_000
PODS = 10_000
POOLS = (("Standard_D8s_v5", "8", "32Gi"), ("Standard_D16s_v5", "16", "64Gi"), ("Standard_E16s_v5", "16", "128Gi"))
ZONES = ("eu-1a", "eu-1b")
REQUESTS = (("100m", "128Mi"), ("250m", "512Mi"), ("500m", "1Gi"), ("50m", "64Mi"))
_PARALLEL = 16


def large_member(name: str) -> LabSpec:
    """Its nodes are played; its pods are not: they keep the node that they are created on."""
    groups = [(pool, zone) for pool in POOLS for zone in ZONES]
    nodes = [
        NodesSpec(
            count=NODES // len(groups) + (number < NODES % len(groups)),
            instance_type=kind,
            labels={"topology.kubernetes.io/zone": zone, "agentpool": f"pool{number}"},
            allocatable={"cpu": cpu, "memory": memory, "pods": "110"},
        )
        for number, ((kind, cpu, memory), zone) in enumerate(groups)
    ]
    cluster = LabClusterSpec(name=name, controllers=["controller-manager"], plays=["nodes"], nodes=nodes)
    return LabSpec(name="large", clusters=[cluster])


def fill(connection: Connection) -> None:
    """Make the namespaces with their accounts and the pods."""
    names = sorted(item["metadata"]["name"] for item in connection.list("/api/v1/nodes"))
    namespaces = [f"team-{number:04}" for number in range(NAMESPACES)]
    _each(namespaces, lambda name: _make_namespace(connection, name))
    _each(range(PODS), lambda number: _make_pod(connection, number, names, namespaces))


def _make_namespace(connection: Connection, name: str) -> None:
    connection.post("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    try:
        connection.post(f"/api/v1/namespaces/{name}/serviceaccounts", account)
    except ApiError as error:
        if error.status != 409:  # the controller manager was faster
            raise


def _make_pod(connection: Connection, number: int, nodes: list[str], namespaces: list[str]) -> None:
    app, path = f"app-{number % 40}", f"/api/v1/namespaces/{namespaces[number % len(namespaces)]}/pods"
    connection.post(path, pod(f"{app}-{number:05}", app, number, nodes[number % len(nodes)]))


def pod(name: str, app: str, number: int, node: str) -> dict[str, Any]:
    """Of the usual size: two containers, variables, probes, labels as charts write them."""
    cpu, memory = REQUESTS[number % len(REQUESTS)]
    labels = {
        "app.kubernetes.io/name": app,
        "app.kubernetes.io/instance": f"{app}-prod",
        "app.kubernetes.io/version": f"1.{number % 9}.0",
        "app.kubernetes.io/managed-by": "Helm",
        "pod-template-hash": f"{number % 97:010x}",
    }
    variables = [{"name": f"SETTING_{index}", "value": f"value-{index}-of-{app}"} for index in range(10)]
    probe = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 10}
    main = {
        "name": "main",
        "image": f"{app}:1.0",
        "env": variables,
        "ports": [{"containerPort": 8080}],
        "readinessProbe": probe,
        "livenessProbe": probe,
        "resources": {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}},
        "volumeMounts": [{"name": "settings", "mountPath": "/etc/settings"}],
    }
    side = {"name": "proxy", "image": "proxy:2.0", "resources": {"requests": {"cpu": "10m"}}}
    volumes = [{"name": "settings", "configMap": {"name": app}}]
    spec = {"nodeName": node, "containers": [main, side], "volumes": volumes}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels}, "spec": spec}


def _each(items: Iterable[Any], work: Callable[[Any], None]) -> None:
    """In parallel; raises the first error."""
    for outcome in fan_out(tuple(items), work, max_parallel=_PARALLEL):
        outcome.get()
