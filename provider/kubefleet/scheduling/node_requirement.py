"""Node requirements: how many nodes of a cluster are what is asked, and what the nearest other one lacks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kubefleet.model.cluster import Cluster
from kubefleet.model.node_facts import NAMED, node_fact
from kubefleet.model.policy import Nodes
from kubefleet.model.selector import Expr
from kubefleet.model.shape import NodeShape

Free = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Nearest:
    """Alike nodes that come nearest to a requirement, and the first expression that does not hold of them."""

    shape: NodeShape
    count: int
    free: Free | None
    unmet: Expr


def enough_nodes(cluster: Cluster, wanted: Nodes) -> bool:
    """Whether a cluster has the nodes. One of which nothing is known has none."""
    return matching_nodes(cluster, wanted) >= wanted.at_least


def matching_nodes(cluster: Cluster, wanted: Nodes) -> int:
    """Nodes for each of which every expression holds."""
    return sum(count for shape, free, count in _groups(cluster, wanted) if _first_unmet(shape, free, wanted) is None)


def nearest_nodes(cluster: Cluster, wanted: Nodes) -> Nearest | None:
    """The nodes for which the fewest expressions do not hold; of several the most, then the first by instance type."""
    found = []
    for shape, free, count in _groups(cluster, wanted):
        unmet = [expr for expr in wanted.each if not expr.matches_property(node_fact(shape, expr.key, free))]
        if unmet:
            # What a node is made of says more than how much of it there is: `no InfiniBand` before `less memory`.
            unmet.sort(key=lambda expr: (expr.key not in NAMED, expr))
            found.append(((len(unmet), -count, shape.instance_type), Nearest(shape, count, free, unmet[0])))
    return min(found, key=lambda item: item[0])[1] if found else None


def _groups(cluster: Cluster, wanted: Nodes) -> Iterator[tuple[NodeShape, Free | None, int]]:
    for shape in cluster.shapes:
        if not wanted.free:
            yield shape, None, shape.count
        elif shape.schedulable:
            for free, count in shape.free:
                yield shape, free, count


def _first_unmet(shape: NodeShape, free: Free | None, wanted: Nodes) -> Expr | None:
    return next((expr for expr in wanted.each if not expr.matches_property(node_fact(shape, expr.key, free))), None)
