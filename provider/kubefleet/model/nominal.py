"""What a node is, as opposed to what it reports: a "128 GB" machine has 125.8Gi of capacity and 120Gi to give."""

from functools import lru_cache

from kubefleet.model.accelerator import models, resource_of
from kubefleet.model.shape import NodeShape

_STEP = 8 * 2**30
"""Memory is built in multiples of this."""
_KEPT = (19, 20)
"""At least 95 % of what a machine has is capacity: firmware and kernel keep the rest."""


def nominal(shape: NodeShape, resource: str) -> int | None:
    """The amount of a resource that one node is: the SKU table's figure, else its capacity, else its allocatable.

    In the units of `Amounts`; None where the node has nothing of that name.
    """
    if (told := _by_sku(shape, resource)) is not None:
        return told
    reported = shape.capacity.get(resource, shape.allocatable.get(resource))
    return whole_memory(reported) if resource == "memory" and reported else reported


@lru_cache(maxsize=4096)
def whole_memory(capacity: int) -> int:
    """The memory that a machine was built with, in bytes: the multiple of 8 GiB that `capacity` is at most 5 % below.

    Of several the roundest (divisible by the largest power of two): 503Gi is a 512 GiB machine, not one of 504. What is
    a multiple already stays as it is.
    """
    if capacity % _STEP == 0:
        return capacity
    kept, of = _KEPT
    first, last = -(-capacity // _STEP), capacity * of // (kept * _STEP)
    if last < first:
        return capacity
    return _STEP * max(range(first, last + 1), key=lambda steps: (steps & -steps, -steps))


def _by_sku(shape: NodeShape, resource: str) -> int | None:
    sku = shape.sku
    if sku is None:
        return None
    if resource == "cpu":
        return sku.cpu
    if resource == "memory":
        return sku.memory
    if sku.gpu_count and (here := models(shape)) and resource_of(here[0]) == resource:
        return sku.gpu_count
    return None
