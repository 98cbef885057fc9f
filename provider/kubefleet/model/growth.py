"""How far a cluster may grow by itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from kubefleet.model.node_pool import NodePool, sorted_out
from kubefleet.model.shape import NodeShape


@dataclass(frozen=True, slots=True)
class GrowingPool:
    """`nodes` are those that may still be added to the pool, with nothing on them."""

    name: str
    nodes: NodeShape


@dataclass(frozen=True, slots=True)
class Growth:
    """Pools with a known maximum, sorted by name. `unlimited` says why how far it grows is not known, though something
    makes it grow: then capacity limits nothing. `unread` says why nobody knows whether it grows at all.
    """

    pools: tuple[GrowingPool, ...] = ()
    unlimited: str = ""
    unread: str = ""


NO_GROWTH = Growth()


def declared_growth(shapes: Sequence[NodeShape], pools: Sequence[NodePool]) -> tuple[GrowingPool, ...]:
    """What declared maximums leave beyond the nodes that are there; sorted by name."""
    there, found = sorted_out(shapes, pools), list[GrowingPool]()
    for pool in pools:
        more = (pool.max_count or 0) - sum(shape.count for shape in there[pool.name])
        if more > 0:
            found.append(GrowingPool(pool.name, pool.nodes(more)))
    return tuple(sorted(found, key=lambda pool: pool.name))
