"""Small fleets of which some clusters may have more nodes than they have."""

from dataclasses import replace

from dice import Dice, rolled
from hypothesis import strategies as st
from small_fleets import fleet, shape

from kubefleet.model.growth import GrowingPool, Growth
from kubefleet.model.node_pool import fresh
from kubefleet.model.snapshot import Snapshot

MOST = 4
"""Clusters."""
_POOLS = 30
"""Bytes for those of one cluster."""


def growth(dice: Dice) -> Growth:
    """Up to two pools of up to three new nodes; half of the clusters do not grow."""
    names = dice.one(((), (), ("m",), ("m", "n")))
    return Growth(tuple(GrowingPool(name, fresh(shape(dice.part(12)), dice.number(1, 3))) for name in names))


def growing_fleet(dice: Dice) -> Snapshot:
    pools = dice.part(MOST * _POOLS)
    snapshot = fleet(dice, most=MOST)
    grows = tuple(replace(cluster, growth=growth(pools.part(_POOLS))) for cluster in snapshot.clusters)
    return replace(snapshot, clusters=grows)


def growing() -> st.SearchStrategy[Snapshot]:
    return rolled(300, growing_fleet)


def grown(snapshot: Snapshot) -> Snapshot:
    """Every cluster as large as it may become."""
    return replace(
        snapshot,
        clusters=tuple(
            replace(cluster, shapes=(*cluster.shapes, *(pool.nodes for pool in cluster.growth.pools)))
            for cluster in snapshot.clusters
        ),
    )
