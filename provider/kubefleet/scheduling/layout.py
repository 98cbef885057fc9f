"""How pods are laid on the nodes of one cluster."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

UNBOUNDED = 2**40
"""Stands for room without a limit: for pods without requests, and where a cluster's capacity is not known."""


@dataclass(frozen=True, slots=True)
class Nodes:
    """Nodes that are alike: same kind (labels and taints) and the same amounts free. `whole` is allocatable cpu and
    memory, `free` follows the ledger's order of resources.
    """

    kind: int
    count: int
    free: tuple[int, ...]
    whole: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Size:
    """What one pod takes of a node: `need` in the ledger's order of resources, `kinds` of nodes that accept it.

    `scored` are the places of cpu and memory in that order.
    """

    need: tuple[int, ...]
    kinds: frozenset[int]
    scored: tuple[int, int]

    def per_node(self, nodes: Nodes) -> int:
        """How many such pods one of these nodes still holds."""
        if nodes.kind not in self.kinds:
            return 0
        rooms = [free // need for free, need in zip(nodes.free, self.need, strict=True) if need]
        return max(0, min(rooms, default=UNBOUNDED))


def lay(nodes: Sequence[Nodes], size: Size, pods: int, *, first_fit: bool = False) -> tuple[tuple[Nodes, ...], int]:
    """Lay pods one by one; gives the nodes afterwards and how many pods found one.

    Each goes to the node that is least allocated once it is there, as the default profile of kube-scheduler scores
    (`NodeResourcesFit`, LeastAllocated over cpu and memory); with `first_fit` to the first that has room.
    Cost grows with pods / alike nodes, not with pods.
    """
    groups = list(nodes)
    heap = [
        (_rank(group, size, place, first_fit=first_fit), place)
        for place, group in enumerate(groups)
        if size.per_node(group) > 0
    ]
    heapq.heapify(heap)
    left = pods
    while left and heap:
        _, place = heapq.heappop(heap)
        group = groups[place]
        if first_fit:
            # A node is filled before the next one is touched.
            batch = min(size.per_node(group), left)
            touched, each = 1, batch
        else:
            touched, each = min(group.count, left), 1
        if touched < group.count:
            groups.append(Nodes(group.kind, group.count - touched, group.free, group.whole))
            if first_fit:
                heapq.heappush(heap, (_rank(group, size, place, first_fit=True), len(groups) - 1))
        free = tuple(have - each * need for have, need in zip(group.free, size.need, strict=True))
        groups[place] = Nodes(group.kind, touched, free, group.whole)
        left -= touched * each
        if size.per_node(groups[place]) > 0:
            heapq.heappush(heap, (_rank(groups[place], size, place, first_fit=first_fit), place))
    return _merged(groups), pods - left


def lay_all(nodes: Sequence[Nodes], demands: Sequence[tuple[Size, int]]) -> tuple[tuple[Nodes, ...], int]:
    """Lay pods of several sizes, largest first; gives the nodes afterwards and how many pods found none.

    Where the default profile's way leaves a pod out, first fit (decreasing) is tried before giving up.
    """
    ordered = sorted(demands, key=lambda demand: _extent(nodes, demand[0]), reverse=True)
    attempts = []
    for first_fit in (False, True) if len(ordered) > 1 else (False,):
        after, out = tuple(nodes), 0
        for size, pods in ordered:
            after, placed = lay(after, size, pods, first_fit=first_fit)
            out += pods - placed
        if out == 0:
            return after, 0
        attempts.append((out, after))
    out, after = min(attempts, key=lambda attempt: attempt[0])
    return after, out


def _rank(nodes: Nodes, size: Size, place: int, *, first_fit: bool) -> int:
    """The smallest rank goes first."""
    if first_fit:
        return place
    score = 0
    for whole, resource in zip(nodes.whole, size.scored, strict=True):
        if whole > 0:
            score += max(0, nodes.free[resource] - size.need[resource]) * 100 // whole
    return -score


def _extent(nodes: Sequence[Nodes], size: Size) -> tuple[int, tuple[int, ...]]:
    """How large a pod is: its largest share of what all nodes have free, in millionths."""
    shares = [0]
    for resource, need in enumerate(size.need):
        free = sum(max(0, group.free[resource]) * group.count for group in nodes)
        if need:
            shares.append(need * 1_000_000 // free if free else 1_000_000)
    return max(shares), size.need


def _merged(groups: Sequence[Nodes]) -> tuple[Nodes, ...]:
    """Alike nodes in one group again, in the order in which they came up."""
    counts: dict[tuple[int, tuple[int, ...], tuple[int, int]], int] = {}
    for group in groups:
        key = (group.kind, group.free, group.whole)
        counts[key] = counts.get(key, 0) + group.count
    return tuple(Nodes(kind, count, free, whole) for (kind, free, whole), count in counts.items())
