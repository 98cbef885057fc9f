"""What a node requirement may ask of one node: resources, accelerator, network, and the node's labels."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Final

from kubefleet.model.accelerator import models
from kubefleet.model.fabric import bandwidth_gbps, fabrics
from kubefleet.model.nominal import nominal
from kubefleet.model.property import Property, Value, make_property
from kubefleet.model.quantity import format_amount
from kubefleet.model.shape import NodeShape

ALLOCATABLE: Final = "allocatable-"
ACCELERATOR: Final = "accelerator"
PLAIN_RESOURCES: Final = ("cpu", "memory", "ephemeral-storage", "pods")
"""Resources without a domain in front; `hugepages-<size>` is the fifth."""


def _architecture(shape: NodeShape) -> Value | None:
    return shape.labels.get("kubernetes.io/arch")


def _os(shape: NodeShape) -> Value | None:
    return shape.labels.get("kubernetes.io/os")


def _speed(shape: NodeShape) -> Value | None:
    speed = bandwidth_gbps(shape)
    return None if speed is None else Fraction(speed)


NAMED: Final[Mapping[str, Callable[[NodeShape], Value | None]]] = {
    ACCELERATOR: lambda shape: frozenset(models(shape)) or None,
    "architecture": _architecture,
    "instance-type": lambda shape: shape.instance_type or None,
    "network/bandwidth-gbps": _speed,
    "network/fabric": lambda shape: fabrics(shape) or None,
    "os": _os,
}
"""Facts that are no resources."""


def node_fact(shape: NodeShape, name: str, free: Mapping[str, int] | None = None) -> Property | None:
    """One fact of a node, None where it has nothing of that name.

    A resource means what the node is (`nominal`), or with `free` what is free on it; `allocatable-<resource>` what it
    reports. Any other name with a domain is a label of the node.
    """
    if (read := NAMED.get(name)) is not None:
        value = read(shape)
        text = models(shape)[0] if name == ACCELERATOR and value else _text(value)
        return None if value is None else Property(value, text, "nodes")
    amount = node_amount(shape, name, free)
    if amount is None and name in shape.labels:
        return make_property(shape.labels[name], "nodes")
    return amount_fact(name.removeprefix(ALLOCATABLE), amount)


def node_amount(shape: NodeShape, name: str, free: Mapping[str, int] | None) -> int | None:
    """The amount that a resource's name means, in the units of `Amounts`; None where the node has no such resource."""
    if name.startswith(ALLOCATABLE):
        return shape.allocatable.get(name.removeprefix(ALLOCATABLE))
    return nominal(shape, name) if free is None else free.get(name)


def amount_fact(resource: str, amount: int | None) -> Property | None:
    """A property in the resource's own unit: cores for cpu, bytes or pieces for the rest."""
    if amount is None:
        return None
    value = Fraction(amount, 1000) if resource == "cpu" else Fraction(amount)
    return Property(value, format_amount(resource, amount), "nodes")


def _text(value: Value | None) -> str:
    return ",".join(sorted(value)) if isinstance(value, frozenset) else str(value)
