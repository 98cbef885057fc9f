"""The nodes that kwok plays, as the objects that create them."""

from typing import Any

from kubefleet.lab.spec import LabClusterSpec
from kubefleet.spec.cluster import NodesSpec

PODS = "110"


def node_objects(cluster: LabClusterSpec) -> tuple[dict[str, Any], ...]:
    """All nodes of a cluster, named `<cluster>-<group>-<number>`, with the labels that cloud providers set."""
    return tuple(
        _node(cluster, nodes, f"{cluster.name}-{group}-{number}")
        for group, nodes in enumerate(cluster.nodes)
        for number in range(nodes.count)
    )


def _node(cluster: LabClusterSpec, nodes: NodesSpec, name: str) -> dict[str, Any]:
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    if nodes.instance_type:
        labels["node.kubernetes.io/instance-type"] = nodes.instance_type
    if region := cluster.labels.get("region"):
        labels["topology.kubernetes.io/region"] = region
    allocatable = {"pods": PODS} | nodes.allocatable
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels | nodes.labels},
        "spec": {
            "providerID": f"kwok://{name}",
            "taints": [taint.model_dump(by_alias=True, exclude_none=True) for taint in nodes.taints],
        },
        "status": {"allocatable": allocatable, "capacity": allocatable | nodes.capacity},
    }


def is_ready(node: dict[str, Any]) -> bool:
    """Whether pods can be scheduled on it: Ready, and the taint of new nodes gone."""
    taints = node.get("spec", {}).get("taints", [])
    return reports_ready(node) and not any(taint["key"] == "node.kubernetes.io/not-ready" for taint in taints)


def reports_ready(node: dict[str, Any]) -> bool:
    """Whether its condition Ready is true."""
    conditions = node.get("status", {}).get("conditions", [])
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)
