"""How far a member may grow: what was declared of its pools, and what its autoscalers say. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from kubefleet.kube.autoscaling import Autoscaling, KarpenterPool, NodeGroup
from kubefleet.model.amounts import NOTHING
from kubefleet.model.growth import GrowingPool, Growth, declared_growth
from kubefleet.model.node_pool import NodePool, fresh, pool_names, sorted_out
from kubefleet.model.shape import NodeShape

_MOST: Final = 100_000


def find_growth(shapes: Sequence[NodeShape], declared: Sequence[NodePool], found: Autoscaling) -> Growth:
    """Pools that may still grow. A maximum that the user declares wins over that of an autoscaler.

    New nodes of a pool look like the declared ones, else like most that it has. Where nobody says how many may come, or
    what they look like, capacity is not limited at all.
    """
    pools = {pool.name: pool for pool in declared_growth(shapes, declared)}
    done = {pool.name for pool in declared if pool.max_count is not None}
    there = _by_pool(shapes, declared)
    looks = {pool.name: pool.nodes(1) for pool in declared}
    unlimited = [found.unlimited] if found.unlimited else []
    for name, most in sorted(_maximums(found.groups, {*there, *looks}).items()):
        if name in done:
            continue
        more = None if most is None else most - sum(shape.count for shape in there.get(name, ()))
        unlimited += _add(pools, name, more, _node(name, looks, there), "cluster-autoscaler's status has no maximum of")
    for pool in found.pools:
        if pool.name in done:
            continue
        node = _node(pool.name, looks, there)
        more = None if pool.limits is None else _within_limits(pool, node, there.get(pool.name, ()))
        unlimited += _add(pools, pool.name, more, node, "Karpenter has no limits for")
    ordered = tuple(pools[name] for name in sorted(pools))
    return Growth(ordered, "; ".join(unlimited), found.unread)


def _add(
    pools: dict[str, GrowingPool], name: str, more: int | None, node: NodeShape | None, without: str
) -> tuple[str, ...]:
    """Note one pool that grows; gives why it may grow without limit, if so."""
    if more is None:
        return (f"{without} pool {name}",)
    if more > 0 and node is None:
        return (f"nobody knows what nodes of pool {name} look like (declare it in node_pools)",)
    if more > 0 and node is not None:
        pools[name] = GrowingPool(name, fresh(node, min(more, _MOST)))
    return ()


def _by_pool(shapes: Sequence[NodeShape], declared: Sequence[NodePool]) -> dict[str, list[NodeShape]]:
    """Shapes by the names that their labels give, and those of declared pools."""
    found: dict[str, list[NodeShape]] = {}
    for name, mine in sorted_out(shapes, declared).items():
        found[name] = list(mine)
    for shape in shapes:
        for name in dict.fromkeys(pool_names(shape)):
            if shape not in found.setdefault(name, []):
                found[name].append(shape)
    return found


def _maximums(groups: Iterable[NodeGroup], names: Iterable[str]) -> dict[str, int | None]:
    """Maximums by pool: clouds have several groups for one (one a zone), and names longer than the pool's."""
    found: dict[str, int | None] = {}
    for group in groups:
        name = max((name for name in names if _speaks_of(group.name, name)), key=len, default=group.name)
        before = found.get(name, 0)
        found[name] = None if before is None or group.max_size is None else before + group.max_size
    return found


def _speaks_of(group: str, pool: str) -> bool:
    """Whether the pool's name stands in the group's, between hyphens, slashes and the like."""
    return bool(pool) and re.search(rf"(?:^|[-/_.]){re.escape(pool)}(?:$|[-/_.])", group) is not None


def _node(name: str, looks: Mapping[str, NodeShape], there: Mapping[str, Sequence[NodeShape]]) -> NodeShape | None:
    """What a new node of a pool looks like: as declared, else as most of those that it has."""
    if name in looks:
        return looks[name]
    best = max(there.get(name, ()), key=lambda shape: shape.count, default=None)
    return None if best is None else replace(best, count=1)


def _within_limits(pool: KarpenterPool, node: NodeShape | None, there: Sequence[NodeShape]) -> int | None:
    """How many more nodes fit in the limits, None where these do not speak of anything that the nodes have. What is
    used is the pool's own sum, else that of the nodes that are there. Where it is not known what they look like it is 1
    while no limit is reached.
    """
    room: list[int] = []
    for resource, limit in (pool.limits or NOTHING).items():
        each = 1 if resource == "nodes" else 0 if node is None else node.capacity.get(resource, 0)
        used = sum(shape.count * (1 if resource == "nodes" else shape.capacity.get(resource, 0)) for shape in there)
        left = limit - pool.used.get(resource, used)
        if left <= 0:
            return 0
        if each > 0:
            room.append(left // each)
    return min(room, default=1 if node is None else None)
