"""A snapshot as tables for the terminal; capacity reads `free/allocatable`."""

from collections.abc import Sequence

from kubefleet.model.amounts import times
from kubefleet.model.cluster import Cluster
from kubefleet.model.quantity import format_amount
from kubefleet.model.shape import NodeShape
from kubefleet.model.snapshot import Snapshot

_TABLE = ("name", "state", "version", "region", "nodes", "cpu free", "memory free", "pods free")
_WIDE = (*_TABLE, "provider", "other resources", "why")
_SHAPES = ("cluster", "nodes", "instance type", "cpu", "memory", "other resources", "taints")
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
    return provider.text if provider else "", ", ".join(named), cluster.why


def _free_of_all(cluster: Cluster, resource: str) -> str:
    """`free/allocatable`, e.g. `7500m/8`."""
    free, whole = (cluster.properties.get(f"{kind}-{resource}") for kind in ("available", "allocatable"))
    return f"{free.text}/{whole.text}" if free and whole else ""


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
