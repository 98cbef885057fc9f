"""Aligned packing: pods of several sizes on the nodes of one cluster, tighter than one size after the other.

Node by node comes next the pod whose request has most nearly the direction of what the node has left, so that no
resource runs out long before the others (R. Grandl et al., "Multi-resource packing for cluster schedulers", 2014). What
there is plenty of counts less. Sizes of which some are left out come before the others the next time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt

Amounts = tuple[int, ...]
Group = tuple[int, int, Amounts]
"""The kind of some alike nodes, how many they are, and what each has free."""
Wanted = tuple[Amounts, Sequence[bool], int]
"""What a pod needs, by kind whether nodes accept it, and how many pods there are."""
Laid = tuple[list[int], list[tuple[int, Group]]]
"""How many pods of each size found no node, and the nodes afterwards, each with the place of the group it was of."""

_BITS = 20
_PART = 2
"""Of what fits such a part is laid before it is asked again which pod comes next."""


def align(groups: Sequence[Group], wanted: Sequence[Wanted]) -> Laid:
    """Lay as many pods as go. Cost grows with groups × sizes: alike nodes are filled alike."""
    sizes = _Sizes.of(groups, wanted)
    urgent = frozenset[int]()
    best = _lay(groups, sizes, urgent)
    left = best[0]
    while not urgent.issuperset(out := {j for j, pods in enumerate(left) if pods}):
        urgent |= out
        again = _lay(groups, sizes, urgent)
        if sum(again[0]) < sum(left):
            best, left = again, again[0]
    return best


@dataclass(frozen=True, slots=True)
class _Sizes:
    """What is wanted, the larger ones first in `order`; `units` are by resource a factor and a divisor, `needs` the
    requests in these; `products` are those of any two requests, and `lengths` their lengths.
    """

    wanted: Sequence[Wanted]
    order: Sequence[int]
    units: Sequence[tuple[int, int]]
    needs: Sequence[Sequence[int]]
    products: Sequence[Sequence[int]]
    lengths: Sequence[int]

    @classmethod
    def of(cls, groups: Sequence[Group], wanted: Sequence[Wanted]) -> "_Sizes":
        units = _units(groups, wanted)
        needs = [_scaled(need, units) for need, _, _ in wanted]
        products = [[sum(map(int.__mul__, one, other)) for other in needs] for one in needs]
        lengths = [max(1, isqrt(row[j])) for j, row in enumerate(products)]
        order = sorted(range(len(wanted)), key=lambda j: wanted[j][0], reverse=True)
        return cls(wanted, order, units, needs, products, lengths)


def _units(groups: Sequence[Group], wanted: Sequence[Wanted]) -> list[tuple[int, int]]:
    """What an average node has of a resource counts as the square of the share that is asked for."""
    nodes, units = sum(count for _, count, _ in groups), list[tuple[int, int]]()
    for r in range(len(groups[0][2]) if groups else 0):
        there = max(1, sum(count * free[r] for _, count, free in groups))
        asked = min(there, sum(need[r] * pods for need, _, pods in wanted))
        units.append(((asked**2 << _BITS) // there**2, max(1, there // nodes)))
    return units


def _scaled(amounts: Amounts, units: Sequence[tuple[int, int]]) -> list[int]:
    return [amount * factor // whole for amount, (factor, whole) in zip(amounts, units, strict=False)]


def _lay(groups: Sequence[Group], sizes: _Sizes, urgent: frozenset[int]) -> Laid:
    left, after = [pods for _, _, pods in sizes.wanted], list[tuple[int, Group]]()
    # Small nodes first: while there is still a choice of pods for them.
    extents = [max(_scaled(free, sizes.units), default=0) for _, _, free in groups]
    for place in sorted(range(len(groups)), key=extents.__getitem__):
        kind, count, free = groups[place]
        while count:
            laid, rest = _fill(kind, free, sizes, left, urgent)
            alike = min([count, *(left[j] // pods for j, pods in laid.items())])
            for j, pods in laid.items():
                left[j] -= pods * alike
            after.append((place, (kind, alike, rest)))
            count -= alike
    return left, after


def _fill(
    kind: int, free: Amounts, sizes: _Sizes, left: Sequence[int], urgent: frozenset[int]
) -> tuple[dict[int, int], Amounts]:
    """The pods of each size on one node, and what it has free with them."""
    scaled = _scaled(free, sizes.units)
    along = {
        j: sum(map(int.__mul__, sizes.needs[j], scaled)) for j in sizes.order if left[j] and sizes.wanted[j][1][kind]
    }
    laid: dict[int, int] = {}
    while along:
        best = max(along, key=lambda j: (j in urgent, along[j] // sizes.lengths[j]))
        need, more = sizes.wanted[best][0], left[best] - laid.get(best, 0)
        fit = min([have // amount for have, amount in zip(free, need, strict=True) if amount], default=more)
        pods = -(-min(fit, more) // _PART)
        if not pods:
            del along[best]
            continue
        laid[best] = laid.get(best, 0) + pods
        free = tuple([have - pods * amount for have, amount in zip(free, need, strict=True)])
        for j in along:
            along[j] -= pods * sizes.products[best][j]
    return laid, free
