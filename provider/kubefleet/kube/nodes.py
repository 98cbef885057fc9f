"""Nodes, from a node list's JSON, and the shapes that they form."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from immutabledict import immutabledict

from kubefleet.model.amounts import NOTHING, Amounts
from kubefleet.model.quantity import amount_of
from kubefleet.model.shape import NodeShape
from kubefleet.model.taint import Effect, Taint

_HOSTNAME: Final = "kubernetes.io/hostname"
_INSTANCE_TYPES: Final = ("node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type")
_MOST_VALUES: Final = 64


@dataclass(frozen=True, slots=True)
class Node:
    """What is kept of one node. `ready` is its Ready condition; a node that reported none is not ready.

    `flaws` are amounts that cannot be used, as `(capacity or allocatable, resource, why)`.
    """

    name: str
    allocatable: Amounts
    capacity: Amounts
    labels: immutabledict[str, str]
    taints: tuple[Taint, ...]
    ready: bool
    cordoned: bool
    provider_id: str
    flaws: tuple[tuple[str, str, str], ...] = ()

    @property
    def instance_type(self) -> str:
        """Its instance type by the well-known labels, empty where it has none."""
        return next((self.labels[key] for key in _INSTANCE_TYPES if key in self.labels), "")


def read_node(item: Mapping[str, Any]) -> Node:
    """A node from its JSON. Raises ValueError when it has no name; a malformed amount is a flaw and counts 0."""
    try:
        metadata, spec, status = item["metadata"], item.get("spec") or {}, item.get("status") or {}
        labels = {str(key): str(value) for key, value in sorted((metadata.get("labels") or {}).items())}
        flaws: list[tuple[str, str, str]] = []
        return Node(
            name=str(metadata["name"]),
            allocatable=_amounts(status, "allocatable", flaws),
            capacity=_amounts(status, "capacity", flaws),
            labels=immutabledict(labels),
            taints=_taints(spec.get("taints")),
            ready=any(c.get("type") == "Ready" and c.get("status") == "True" for c in status.get("conditions") or ()),
            cordoned=bool(spec.get("unschedulable")),
            provider_id=str(spec.get("providerID") or ""),
            flaws=tuple(flaws),
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError("malformed node (expected metadata with a name, spec, status)") from error


def free_on(node: Node, taken: Mapping[str, int]) -> Amounts:
    """What is free on a node: allocatable − requests, for what it has at all; below zero when it is overcommitted."""
    return immutabledict({name: amount - taken.get(name, 0) for name, amount in node.allocatable.items()})


def make_shapes(nodes: Sequence[Node], taken: Mapping[str, Amounts]) -> tuple[NodeShape, ...]:
    """Nodes grouped by everything but how full they are; `taken` has the requests on each node.

    Labels that tell single nodes apart are no part of a shape: the host name, and any with more than 64 values.
    """
    dropped = _telling_apart(nodes)
    groups: dict[NodeShape, Counter[Amounts]] = {}
    for node in nodes:
        labels = immutabledict({key: value for key, value in node.labels.items() if key not in dropped})
        shape = NodeShape(
            count=0,
            allocatable=node.allocatable,
            capacity=node.capacity,
            free=(),
            instance_type=node.instance_type,
            labels=labels,
            taints=node.taints,
            schedulable=node.ready and not node.cordoned,
        )
        groups.setdefault(shape, Counter())[free_on(node, taken.get(node.name, NOTHING))] += 1
    return tuple(sorted((_filled(shape, free) for shape, free in groups.items()), key=_order))


def _filled(shape: NodeShape, free: Counter[Amounts]) -> NodeShape:
    rows = sorted(free.items(), key=lambda row: sorted(row[0].items()))
    return NodeShape(
        free.total(),
        shape.allocatable,
        shape.capacity,
        tuple(rows),
        shape.instance_type,
        shape.labels,
        shape.taints,
        shape.schedulable,
    )


def _order(shape: NodeShape) -> tuple[object, ...]:
    return (
        shape.instance_type,
        sorted(shape.labels.items()),
        sorted(str(taint) for taint in shape.taints),
        sorted(shape.allocatable.items()),
        sorted(shape.capacity.items()),
        shape.schedulable,
    )


def _telling_apart(nodes: Iterable[Node]) -> frozenset[str]:
    values: dict[str, set[str]] = {_HOSTNAME: set()}
    for node in nodes:
        for key, value in node.labels.items():
            values.setdefault(key, set()).add(value)
    return frozenset(key for key, seen in values.items() if key == _HOSTNAME or len(seen) > _MOST_VALUES)


def _amounts(status: Mapping[str, Any], field: str, flaws: list[tuple[str, str, str]]) -> Amounts:
    """What cannot be used costs this resource on this node, not the node."""
    amounts = {}
    for resource, quantity in sorted((status.get(field) or {}).items()):
        try:
            amount = amount_of(resource, quantity)
        except (TypeError, ValueError):
            flaws.append((field, str(resource), f"`{quantity}` is no quantity"))
            continue
        if amount < 0:
            flaws.append((field, str(resource), f"`{quantity}` is negative"))
            continue
        amounts[str(resource)] = amount
    return immutabledict(amounts)


def _taints(items: Any) -> tuple[Taint, ...]:
    """Taints without the time they were added, which would tell alike nodes apart; unknown effects are left out."""
    known = set(Effect)
    taints = (
        Taint(str(item.get("key") or ""), str(item.get("value") or ""), Effect(item["effect"]))
        for item in items or ()
        if item.get("effect") in known
    )
    return tuple(sorted(taints, key=str))
