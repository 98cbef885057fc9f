"""Properties of a cluster that its node shapes tell: the rows of the standard table that need no cloud knowledge."""

from collections.abc import Iterable
from fractions import Fraction

from kubefleet.model.amounts import add, times
from kubefleet.model.property import Property
from kubefleet.model.quantity import format_amount
from kubefleet.model.shape import NodeShape

_ARCHITECTURE = "kubernetes.io/arch"
_OS = "kubernetes.io/os"
_REGION = "topology.kubernetes.io/region"
_ZONE = "topology.kubernetes.io/zone"


def measure(shapes: Iterable[NodeShape]) -> dict[str, Property]:
    """`node-count`, `total-`, `allocatable-`, `available-`, `node-max-`, `node-min-<resource>`, `sku/<type>/count`,
    `architecture/<arch>/nodes`, `os/<os>/nodes`, `region` and `zones`.
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
    found |= {name: _amount(resource, amount) for name, (resource, amount) in amounts.items()}
    return dict(sorted((found | _places(shapes)).items()))


def _amount(resource: str, amount: int) -> Property:
    """A property in the resource's own unit: cores for cpu, bytes or pieces for the rest."""
    value = Fraction(amount, 1000) if resource == "cpu" else Fraction(amount)
    return Property(value, format_amount(resource, amount), "nodes")


def _places(shapes: tuple[NodeShape, ...]) -> dict[str, Property]:
    """Zones as a set; the region only where all nodes agree on one."""
    regions = sorted({shape.labels[_REGION] for shape in shapes if _REGION in shape.labels})
    zones = sorted({shape.labels[_ZONE] for shape in shapes if _ZONE in shape.labels})
    places: dict[str, Property] = {}
    if len(regions) == 1:
        places["region"] = Property(regions[0], regions[0], "nodes")
    if zones:
        places["zones"] = Property(frozenset(zones), ",".join(zones), "nodes")
    return places
