"""Properties of a live cluster: what its shapes tell, and what only its nodes and its version say. Pure."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final

from immutabledict import immutabledict

from kubefleet.kube.nodes import Node
from kubefleet.model.measured import measure
from kubefleet.model.property import Flaw, Property, make_property
from kubefleet.model.quantity import format_amount
from kubefleet.model.shape import NodeShape

_PROVIDERS: Final = {"gce": "gcp"}
_MADE_OF: Final = {"allocatable": ("allocatable", "available"), "capacity": ("total", "node-max", "node-min")}


def collect_properties(
    nodes: Sequence[Node], shapes: Sequence[NodeShape], pending: Mapping[str, int], version: str
) -> immutabledict[str, Property]:
    """The standard properties of `scheduling.md`, sorted by name.

    `pending` sums the requests of pods without a node: what they will take is not available any more. `version` is
    /version's gitVersion. What nothing tells is absent: a cluster without nodes has `node-count` 0 and no region.
    What a node reports of a resource and cannot be used costs every property of the cluster that is made of it.
    """
    found = measure(shapes)
    for resource, amount in pending.items():
        if known := found.get(f"available-{resource}"):
            found[f"available-{resource}"] = _less(known, resource, amount)
    if provider := _provider(nodes):
        found["provider"] = provider
    if version:
        found["kubernetes-version"] = make_property(version, "version")
    for node in nodes:
        for field, resource, why in node.flaws:
            for prefix in _MADE_OF[field]:
                told = f"node {node.name}: {field} {why}"
                found[f"{prefix}-{resource}"] = Property(Flaw(told), told, "nodes")
    return immutabledict({name: found[name] for name in sorted(found)})


def _less(known: Property, resource: str, amount: int) -> Property:
    """An amount less another, at least 0."""
    if not isinstance(known.value, Fraction):
        return known
    units = 1000 if resource == "cpu" else 1
    left = max(known.value - Fraction(amount, units), Fraction(0))
    return Property(left, format_amount(resource, int(left * units)), known.source)


def _provider(nodes: Sequence[Node]) -> Property | None:
    """From the scheme of the nodes' provider ids: one text, or a set where they disagree."""
    found = set()
    for node in nodes:
        scheme, separator, _ = node.provider_id.partition("://")
        if separator and scheme:
            found.add(_PROVIDERS.get(scheme, scheme))
    if not found:
        return None
    text = ",".join(sorted(found))
    return Property(text if len(found) == 1 else frozenset(found), text, "nodes")
