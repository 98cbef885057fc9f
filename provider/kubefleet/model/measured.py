"""Properties of a cluster that its node shapes tell."""

from collections.abc import Iterable
from fractions import Fraction

from kubefleet.model.accelerator import device_count, models
from kubefleet.model.amounts import add, times
from kubefleet.model.fabric import bandwidth_gbps, fabrics
from kubefleet.model.node_facts import amount_fact
from kubefleet.model.property import Flaw, Property
from kubefleet.model.quantity import format_amount
from kubefleet.model.shape import NodeShape

_ACCELERATOR = "accelerator"
_NETWORK = "network"
_ARCHITECTURE = "kubernetes.io/arch"
_OS = "kubernetes.io/os"
_REGION = "topology.kubernetes.io/region"
_ZONE = "topology.kubernetes.io/zone"


def measure(shapes: Iterable[NodeShape]) -> dict[str, Property]:
    """`node-count`, `total-`, `allocatable-`, `available-`, `node-max-`, `node-min-<resource>`, `sku/<type>/count`,
    `architecture/<arch>/nodes`, `os/<os>/nodes`, `accelerator/<model>/count` and `/nodes` (of a model and of its
    family: `A100-80GB` counts as `A100` too), `network/<fabric>/nodes`, `network/fabric`, `network/bandwidth-gbps`,
    `region` and `zones`; and `provider` where the SKU table knows it, for want of a node's own word.

    What is free below zero on a node is a lie somewhere: `available-<resource>` of its cluster cannot be used.
    """
    shapes = tuple(shapes)
    counts: dict[str, int] = {"node-count": 0}
    amounts: dict[str, tuple[str, int]] = {}

    def count(name: str, nodes: int) -> None:
        counts[name] = counts.get(name, 0) + nodes

    for shape in shapes:
        count("node-count", shape.count)
        if shape.instance_type:
            count(f"sku/{shape.instance_type}/count", shape.count)
        for label, kind in ((_ARCHITECTURE, "architecture"), (_OS, "os")):
            if label in shape.labels:
                count(f"{kind}/{shape.labels[label]}/nodes", shape.count)
        for model in models(shape):
            count(f"{_ACCELERATOR}/{model}/nodes", shape.count)
            count(f"{_ACCELERATOR}/{model}/count", shape.count * device_count(shape))
        for fabric in fabrics(shape):
            count(f"{_NETWORK}/{fabric}/nodes", shape.count)
    for prefix, total in (
        ("total", add(*(times(shape.capacity, shape.count) for shape in shapes))),
        ("allocatable", add(*(times(shape.allocatable, shape.count) for shape in shapes))),
        ("available", add(*(times(free, nodes) for shape in shapes for free, nodes in shape.free))),
    ):
        amounts |= {f"{prefix}-{resource}": (resource, max(0, amount)) for resource, amount in total.items()}
    for resource in sorted({resource for shape in shapes for resource in shape.capacity}):
        single = [shape.capacity.get(resource, 0) for shape in shapes]
        amounts[f"node-max-{resource}"] = (resource, max(single))
        amounts[f"node-min-{resource}"] = (resource, min(single))
    found = {name: Property(Fraction(number), str(number), "nodes") for name, number in counts.items()}
    found |= {name: fact for name, (resource, amount) in amounts.items() if (fact := amount_fact(resource, amount))}
    return dict(sorted((found | _overcommitted(shapes) | _network(shapes) | _places(shapes)).items()))


def _overcommitted(shapes: tuple[NodeShape, ...]) -> dict[str, Property]:
    """Instead of what is available of a resource, where a node has less than nothing of it."""
    least: dict[str, int] = {}
    for shape in shapes:
        for free, _ in shape.free:
            for resource, amount in free.items():
                if amount < 0:
                    least[resource] = min(amount, least.get(resource, 0))
    flaws = {name: f"a node has {format_amount(name, amount)} of it free" for name, amount in sorted(least.items())}
    return {f"available-{name}": Property(Flaw(why), "", "nodes") for name, why in flaws.items()}


def _network(shapes: tuple[NodeShape, ...]) -> dict[str, Property]:
    """All fabrics as a set, and the speed of the fastest node."""
    found: dict[str, Property] = {}
    if here := frozenset(fabric for shape in shapes for fabric in fabrics(shape)):
        found[f"{_NETWORK}/fabric"] = Property(here, ",".join(sorted(here)), "nodes")
    if speeds := [speed for shape in shapes if (speed := bandwidth_gbps(shape)) is not None]:
        found[f"{_NETWORK}/bandwidth-gbps"] = Property(Fraction(max(speeds)), str(max(speeds)), "nodes")
    return found


def _places(shapes: tuple[NodeShape, ...]) -> dict[str, Property]:
    """Zones as a set, so are providers if there are several; the region only where all nodes agree on one."""
    regions = sorted({shape.labels[_REGION] for shape in shapes if _REGION in shape.labels})
    zones = sorted({shape.labels[_ZONE] for shape in shapes if _ZONE in shape.labels})
    providers = sorted({shape.sku.provider for shape in shapes if shape.sku and shape.sku.provider})
    places: dict[str, Property] = {}
    if providers:
        value = providers[0] if len(providers) == 1 else frozenset(providers)
        places["provider"] = Property(value, ",".join(providers), "nodes")
    if len(regions) == 1:
        places["region"] = Property(regions[0], regions[0], "nodes")
    if zones:
        places["zones"] = Property(frozenset(zones), ",".join(zones), "nodes")
    return places
