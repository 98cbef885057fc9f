"""Node requirements: how many nodes of a cluster are what is asked, and what the nearest other one lacks."""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from kubefleet.model.cluster import Cluster
from kubefleet.model.node_facts import ALLOCATABLE, NAMED, node_amount, node_fact
from kubefleet.model.policy import Nodes
from kubefleet.model.property import parse_value
from kubefleet.model.selector import Expr, Operator
from kubefleet.model.shape import NodeShape

Free = Mapping[str, int]
_Test = Callable[[NodeShape, Free | None], bool]
_COMPARE: Final[Mapping[Operator, Callable[[Any, Any], bool]]] = {
    Operator.EQ: operator.eq,
    Operator.NE: operator.ne,
    Operator.GT: operator.gt,
    Operator.GE: operator.ge,
    Operator.LT: operator.lt,
    Operator.LE: operator.le,
}


@dataclass(frozen=True, slots=True)
class Nearest:
    """Alike nodes that come nearest to a requirement, and the first expression that does not hold of them."""

    shape: NodeShape
    count: int
    free: Free | None
    unmet: Expr


def where_enough(clusters: Sequence[Cluster], wanted: Nodes) -> list[bool]:
    """Per cluster whether it has the nodes. One of which nothing is known has none."""
    tests = _tests(wanted)
    return [_matching(cluster, wanted, tests) >= wanted.at_least for cluster in clusters]


def matching_nodes(cluster: Cluster, wanted: Nodes) -> int:
    """Nodes for each of which every expression holds."""
    return _matching(cluster, wanted, _tests(wanted))


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


def _matching(cluster: Cluster, wanted: Nodes, tests: tuple[list[_Test], list[_Test]]) -> int:
    """Counted by shape; what is told without any amount is asked once of each, not once for every free amount."""
    made, amounts = tests
    found = 0
    for shape in cluster.shapes:
        if (shape.schedulable or not wanted.free) and all(test(shape, None) for test in made):
            for free, count in shape.free if wanted.free else ((None, shape.count),):
                found += count if all(test(shape, free) for test in amounts) else 0
    return found


def _tests(wanted: Nodes) -> tuple[list[_Test], list[_Test]]:
    """The expressions: those that are told without any amount, and the others."""
    return [_test(expr) for expr in wanted.each if expr.key in NAMED], [
        _test(expr) for expr in wanted.each if expr.key not in NAMED
    ]


def _test(expr: Expr) -> _Test:
    """An expression as a function of one node. An amount is compared as an integer where there is one."""

    def by_fact(shape: NodeShape, free: Free | None) -> bool:
        return expr.matches_property(node_fact(shape, expr.key, free))

    compare, limit = _COMPARE.get(expr.operator), _limit(expr)
    if compare is None or limit is None:
        return by_fact

    def by_amount(shape: NodeShape, free: Free | None) -> bool:
        amount = node_amount(shape, expr.key, free)
        return by_fact(shape, free) if amount is None else bool(compare(amount, limit))

    return by_amount


def _limit(expr: Expr) -> Fraction | int | None:
    """The one value in the units of `Amounts`; None where it is no quantity of a resource."""
    value = parse_value(expr.values[0]) if expr.key not in NAMED and len(expr.values) == 1 else None
    if not isinstance(value, Fraction):
        return None
    limit = value * 1000 if expr.key.removeprefix(ALLOCATABLE) == "cpu" else value
    return limit.numerator if limit.denominator == 1 else limit
