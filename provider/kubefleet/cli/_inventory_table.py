"""A snapshot as tables for the terminal; capacity reads `free/allocatable`."""

import re
from collections.abc import Sequence

from kubefleet.model.amounts import times
from kubefleet.model.cluster import Cluster
from kubefleet.model.property import Flaw
from kubefleet.model.quantity import format_amount
from kubefleet.model.shape import NodeShape
from kubefleet.model.snapshot import Snapshot

_TABLE = ("name", "state", "version", "region", "nodes", "cpu free", "memory free", "pods free")
_WIDE = (*_TABLE, "provider", "accelerators", "network", "other resources", "why")
_SHAPES = ("cluster", "nodes", "instance type", "cpu", "memory", "other resources", "taints")
_PROPERTIES = ("cluster", "property", "value", "from")
_DEVICES = re.compile(r"accelerator/.+/count")
_COMMON = frozenset({"cpu", "memory", "pods", "ephemeral-storage"})


def as_table(snapshot: Snapshot) -> str:
    """One line a cluster."""
    return _columns(_TABLE, [_row(cluster) for cluster in snapshot.clusters])


def as_wide_table(snapshot: Snapshot) -> str:
    """One longer line a cluster, then one a node shape."""
    rows = [(*_row(cluster), *_more(cluster)) for cluster in snapshot.clusters]
    shapes = [_shape_row(cluster, shape) for cluster in snapshot.clusters for shape in cluster.shapes]
    return _columns(_WIDE, rows) + "\n" + _columns(_SHAPES, shapes)


def _row(cluster: Cluster) -> tuple[str, ...]:
    has = cluster.properties
    if "node-count" not in has:
        return cluster.name, str(cluster.state), "", "", "", "", "", ""
    return (
        cluster.name,
        str(cluster.state),
        cluster.kubernetes_version,
        cluster.labels.get("region") or (has["region"].text if "region" in has else ""),
        has["node-count"].text,
        *(_free_of_all(cluster, resource) for resource in ("cpu", "memory", "pods")),
    )


def _more(cluster: Cluster) -> tuple[str, ...]:
    others = sorted(name.removeprefix("allocatable-") for name in cluster.properties if name.startswith("allocatable-"))
    named = [f"{name} {_free_of_all(cluster, name)}" for name in others if name not in _COMMON]
    provider = cluster.properties.get("provider")
    return provider.text if provider else "", _accelerators(cluster), _network(cluster), ", ".join(named), cluster.why


def _accelerators(cluster: Cluster) -> str:
    """`A100-80GB 24, H100 64`: of a model and its family only the model."""
    found = {name.split("/")[1]: item.text for name, item in cluster.properties.items() if _DEVICES.fullmatch(name)}
    whole = {model for model in found if any(other.startswith(f"{model}-") for other in found)}
    return ", ".join(f"{model} {count}" for model, count in found.items() if model not in whole)


def _network(cluster: Cluster) -> str:
    """`infiniband 3200 Gbps`."""
    fabric, speed = (cluster.properties.get(f"network/{name}") for name in ("fabric", "bandwidth-gbps"))
    return " ".join(([fabric.text] if fabric else []) + ([f"{speed.text} Gbps"] if speed else []))


def as_property_table(snapshot: Snapshot) -> str:
    """One line a property: its value and where it comes from, or why it cannot be used."""
    rows = [
        (cluster.name, name, item.value.why if isinstance(item.value, Flaw) else item.text, item.source)
        for cluster in snapshot.clusters
        for name, item in cluster.properties.items()
    ]
    return _columns(_PROPERTIES, rows)


def _free_of_all(cluster: Cluster, resource: str) -> str:
    """`free/allocatable`, e.g. `7500m/8`; `?` where it cannot be used."""
    free, whole = (cluster.properties.get(f"{kind}-{resource}") for kind in ("available", "allocatable"))
    if not free or not whole:
        return ""
    return "/".join("?" if isinstance(item.value, Flaw) else item.text for item in (free, whole))


def _shape_row(cluster: Cluster, shape: NodeShape) -> tuple[str, ...]:
    def free_of(resource: str) -> str:
        whole = times(shape.allocatable, shape.count).get(resource, 0)
        free = sum(amounts.get(resource, 0) * count for amounts, count in shape.free)
        return f"{format_amount(resource, free)}/{format_amount(resource, whole)}"

    others = [f"{name} {free_of(name)}" for name, amount in shape.allocatable.items() if name not in _COMMON and amount]
    taints = ", ".join(str(taint) for taint in shape.taints) or ("" if shape.schedulable else "unschedulable")
    return (
        cluster.name,
        str(shape.count),
        shape.instance_type,
        free_of("cpu"),
        free_of("memory"),
        ", ".join(others),
        taints,
    )


def _columns(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [[name.upper() for name in names], *([text or "-" for text in row] for row in rows)]
    widths = [max(len(line[index]) for line in lines) for index in range(len(names))]
    padded = ("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines)
    return "\n".join(padded) + "\n"
