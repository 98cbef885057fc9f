"""Node shapes: groups of identical nodes, so that a cluster of 5,000 nodes is a few dozen rows."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from immutabledict import immutabledict

from kubefleet.model.amounts import Amounts
from kubefleet.model.sku import Sku, SkuTable
from kubefleet.model.standing import Standing
from kubefleet.model.taint import Taint


@dataclass(frozen=True, slots=True)
class NodeShape:
    """Nodes alike in everything that matters to scheduling.

    `free` is the multiset of what is free on them: `((amounts, how many nodes), ...)`, sorted, the counts summing up
    to `count`; free = allocatable − requests of non-terminal pods.
    `labels` are those that differ between shapes and that a selector may name (hostname left out). `sku` is what the
    SKU table says of the instance type, None where it does not have it. `standing` has, row by row of `free`, what
    stands there that a request looks at: rows with equal amounts may differ in it.
    """

    count: int
    allocatable: Amounts
    capacity: Amounts
    free: tuple[tuple[Amounts, int], ...]
    instance_type: str = ""
    labels: immutabledict[str, str] = field(default_factory=immutabledict)
    taints: tuple[Taint, ...] = ()
    schedulable: bool = True
    sku: Sku | None = None
    standing: tuple[Standing, ...] = ()


def with_skus(shapes: Iterable[NodeShape], skus: SkuTable) -> tuple[NodeShape, ...]:
    """The same nodes with what a table knows of their instance types."""
    return tuple(
        replace(shape, sku=skus[shape.instance_type]) if shape.instance_type in skus else shape for shape in shapes
    )
