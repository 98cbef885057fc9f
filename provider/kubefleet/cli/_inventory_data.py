"""A snapshot as a fleet file: what `kubefleet simulate` can plan on without the clusters."""

from collections.abc import Mapping
from typing import Any, Final

from kubefleet.model.amounts import Amounts, subtract
from kubefleet.model.cluster import Cluster, ClusterState
from kubefleet.model.property import Property, is_flawed
from kubefleet.model.shape import NodeShape
from kubefleet.model.snapshot import Snapshot
from kubefleet.model.taint import Effect, Taint
from kubefleet.spec.sku_table import shipped_skus, sku_row

# A fleet file's nodes have no switch of their own: Kubernetes puts this taint on cordoned nodes.
_UNSCHEDULABLE: Final = Taint("node.kubernetes.io/unschedulable", "", Effect.NO_SCHEDULE)


def as_fleet_file(snapshot: Snapshot) -> dict[str, Any]:
    """A fleet file with `clusters`, and `skus` where the fleet has rows of its own for instance types that it uses:
    what `kubefleet simulate` plans on, plus nothing it does not know.
    """
    skus = _changed_skus(snapshot)
    return {"clusters": [_cluster_data(cluster) for cluster in snapshot.clusters]} | ({"skus": skus} if skus else {})


def _cluster_data(cluster: Cluster) -> dict[str, Any]:
    given = {name: _written(item) for name, item in cluster.properties.items() if _is_given(item)}
    data: dict[str, Any] = {
        "name": cluster.name,
        "state": str(cluster.state),
        "labels": dict(cluster.labels),
        "taints": [_taint_data(taint) for taint in cluster.taints],
        "properties": given | _provider(cluster),
        "kubernetesVersion": cluster.kubernetes_version,
    }
    if cluster.namespaces is not None:
        data["namespaces"] = sorted(cluster.namespaces)
    if cluster.apis is not None:
        data["apis"] = sorted(cluster.apis)
    if cluster.state not in {ClusterState.UNREACHABLE, ClusterState.PLANNED}:
        data["nodes"] = [_nodes_data(shape, free, count) for shape in cluster.shapes for free, count in shape.free]
    return data


def _is_given(item: Property) -> bool:
    """What the nodes of a fleet file do not tell, or would tell although it cannot be used."""
    return item.source not in {"nodes", "version"} or (is_flawed(item) and bool(item.text))


def _written(item: Property) -> str | list[str]:
    return sorted(item.value) if isinstance(item.value, frozenset) else item.text


def _changed_skus(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    """Rows for `skus`, of the instance types that the shipped table does not have so."""
    shapes = {shape.instance_type: shape for cluster in snapshot.clusters for shape in cluster.shapes}
    shipped = shipped_skus()
    changed = {name: shapes[name].sku for name in sorted(shapes) if shapes[name].sku != shipped.get(name)}
    return {name: sku_row(sku) for name, sku in changed.items() if sku is not None}


def _provider(cluster: Cluster) -> dict[str, Any]:
    """The one property that nodes told and that a fleet file's nodes do not."""
    found = cluster.properties.get("provider")
    if found is None:
        return {}
    return {"provider": _written(found)}


def _nodes_data(shape: NodeShape, free: Amounts, count: int) -> dict[str, Any]:
    return {
        "count": count,
        "instanceType": shape.instance_type,
        "labels": dict(shape.labels),
        "taints": [_taint_data(taint) for taint in shape.taints or (() if shape.schedulable else (_UNSCHEDULABLE,))],
        "allocatable": _exact(shape.allocatable),
        "capacity": _exact(shape.capacity),
        "used": _exact({name: amount for name, amount in subtract(shape.allocatable, free).items() if amount}),
    }


def _taint_data(taint: Taint) -> dict[str, str]:
    return {"key": taint.key, "value": taint.value, "effect": str(taint.effect)}


def _exact(amounts: Mapping[str, int]) -> dict[str, str]:
    """Amounts without any rounding: bytes are bytes."""
    return {name: f"{amount}m" if name == "cpu" else str(amount) for name, amount in amounts.items()}
