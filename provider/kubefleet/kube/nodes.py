"""Nodes, from a node list's JSON, and the shapes that they form."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from immutabledict import immutabledict

from kubefleet.kube.interest import Interest
from kubefleet.model.amounts import NOTHING, Amounts
from kubefleet.model.pod_rules import HOSTNAME, NODE_NAME
from kubefleet.model.quantity import amount_of
from kubefleet.model.shape import NodeShape
from kubefleet.model.standing import EMPTY_NODE, Standing
from kubefleet.model.taint import Effect, Taint

_INSTANCE_TYPES: Final = ("node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type")
_MOST_VALUES: Final = 64
_NO_INTEREST: Final = Interest()
_Row = tuple[Amounts, Standing]


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


def make_shapes(
    nodes: Sequence[Node],
    taken: Mapping[str, Amounts],
    interest: Interest = _NO_INTEREST,
    standing: Mapping[str, Standing] = immutabledict(),
) -> tuple[NodeShape, ...]:
    """Nodes grouped by everything but how full they are; `taken` has the requests on each node, `standing` what else
    stands there.

    Labels that tell single nodes apart are no part of a shape (the host name, and any with more than 64 values), unless
    a request names them: then the host name is an empty text on nodes that no request names.
    """
    dropped = _telling_apart(nodes) - interest.node_labels - _refusing_by(standing)
    groups: dict[NodeShape, Counter[_Row]] = {}
    for node in nodes:
        labels = immutabledict(_labels(node, dropped, interest))
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
        row = free_on(node, taken.get(node.name, NOTHING)), standing.get(node.name, EMPTY_NODE)
        groups.setdefault(shape, Counter())[row] += 1
    return tuple(sorted((_filled(shape, rows) for shape, rows in groups.items()), key=_order))


def _refusing_by(standing: Mapping[str, Standing]) -> frozenset[str]:
    """Keys of the domains in which pods that stand refuse others; of a host the name does not matter."""
    pods = (pods for there in standing.values() for pods in there.pods)
    return frozenset(term.topology_key for found in pods for term in found.anti_affinity) - {HOSTNAME}


def _labels(node: Node, dropped: frozenset[str], interest: Interest) -> dict[str, str]:
    labels = {key: value for key, value in node.labels.items() if key not in dropped}
    if labels.get(HOSTNAME, "") not in interest.hostnames and HOSTNAME in labels:
        labels[HOSTNAME] = ""
    if node.name in interest.node_names:
        labels[NODE_NAME] = node.name
    return labels


def _filled(shape: NodeShape, counted: Counter[_Row]) -> NodeShape:
    rows = sorted(counted.items(), key=lambda row: (sorted(row[0][0].items()), str(row[0][1])))
    looked_at = any(standing != EMPTY_NODE for (_, standing), _ in rows)
    return replace(
        shape,
        count=counted.total(),
        free=tuple((free, count) for (free, _), count in rows),
        standing=tuple(standing for (_, standing), _ in rows) if looked_at else (),
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
    values: dict[str, set[str]] = {HOSTNAME: set()}
    for node in nodes:
        for key, value in node.labels.items():
            values.setdefault(key, set()).add(value)
    return frozenset(key for key, seen in values.items() if key == HOSTNAME or len(seen) > _MOST_VALUES)


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
