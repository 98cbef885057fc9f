"""Which nodes of a cluster share a network: by their labels, and by the fabric that is asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from kubefleet.model.cluster import Cluster
from kubefleet.model.fabric import FABRICS, fabrics
from kubefleet.model.network_domain import POOLS_APART
from kubefleet.model.node_facts import node_fact
from kubefleet.model.node_pool import INSTANCE_TYPE, POOL_LABELS
from kubefleet.model.policy import Nodes, Term
from kubefleet.model.property import Property
from kubefleet.model.request import PodShape
from kubefleet.model.selector import Expr, Operator
from kubefleet.model.shape import NodeShape
from kubefleet.scheduling.node_table import accepted

_FABRIC = "network/fabric"
_ANY = ""
"""Stands for no fabric in particular."""


@dataclass(frozen=True, slots=True)
class Nearby:
    """Nodes of one cluster that share a network: those for whose labels `nodes` hold, and no others that a pod could be
    on. `labelled`: whether a label says so, which nodes that a pool may add do not have.
    """

    nodes: tuple[Expr, ...]
    labelled: bool


def domains_of(cluster: Cluster, pod: PodShape, terms: Sequence[Term], keys: Sequence[str]) -> tuple[Nearby, ...]:
    """The networks that a pod of a policy (of its `terms` those that hold for the cluster) could be in: per value of
    each label of `keys` that a node has which it could be on; where none has any, the whole cluster.

    Where the terms ask for nodes of a fabric, only such nodes count, each fabric for itself. Nodes that no label tells
    from others are left out: a pod could not be kept on them.
    """
    if not cluster.capacity_known:
        return (Nearby((), False),)
    there = (*(shape for shape in cluster.shapes if shape.schedulable), *(pool.nodes for pool in cluster.growth.pools))
    could = [shape for shape in there if accepted(shape, pod)]
    found: dict[tuple[Expr, ...], Nearby] = {}
    for fabric in _asked(terms):
        chosen = [shape for shape in could if _is_of(shape, fabric, terms)]
        names = (*keys, POOLS_APART[fabric]) if fabric in POOLS_APART else tuple(keys)
        for key, value in _values(chosen, names):
            inside = [shape for shape in could if value is None or shape.labels.get(key) == value]
            others = [shape for shape in inside if shape not in chosen]
            kept = _kept_apart([shape for shape in inside if shape in chosen], others)
            if kept is not None:
                named = () if value is None else (Expr(key, Operator.IN, (value,)),)
                found[*named, *kept] = Nearby((*named, *kept), value is not None)
    return tuple(found[nodes] for nodes in sorted(found))


def _asked(terms: Sequence[Term]) -> tuple[str, ...]:
    """Fabrics that the terms ask nodes to be of; `_ANY` where one of the alternatives asks for none."""
    if not terms or not all(_about_fabric(term) for term in terms):
        return (_ANY,)
    return tuple(name for name in FABRICS if any(_allows(term, name) for term in terms))


def _about_fabric(term: Term) -> list[Nodes]:
    return [wanted for wanted in term.nodes if any(expr.key == _FABRIC for expr in wanted.each)]


def _allows(term: Term, fabric: str) -> bool:
    only = Property(frozenset({fabric}), fabric, "nodes")
    exprs = (expr for wanted in _about_fabric(term) for expr in wanted.each if expr.key == _FABRIC)
    return all(expr.matches_property(only) for expr in exprs)


def _is_of(shape: NodeShape, fabric: str, terms: Sequence[Term]) -> bool:
    """Whether a node is of the fabric, and all else that a term asks of the nodes of that fabric."""
    if fabric == _ANY:
        return True
    return fabric in fabrics(shape) and any(
        _allows(term, fabric)
        and all(
            expr.matches_property(node_fact(shape, expr.key))
            for wanted in _about_fabric(term)
            for expr in wanted.each
            if expr.key != _FABRIC
        )
        for term in terms
    )


def _values(shapes: Sequence[NodeShape], keys: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """Label keys with their values; once no value at all where no node has such a label."""
    pairs = sorted({(key, shape.labels[key]) for shape, key in product(shapes, keys) if shape.labels.get(key)})
    if pairs:
        yield from pairs
    elif shapes:
        yield "", None


def _kept_apart(inside: Sequence[NodeShape], others: Sequence[NodeShape]) -> tuple[Expr, ...] | None:
    """What tells nodes from others that a pod could be on too: their instance types, or their pools. None where nothing
    does.
    """
    if not others:
        return ()
    for key in (INSTANCE_TYPE, *POOL_LABELS):
        mine, theirs = ({shape.labels.get(key) for shape in shapes} for shapes in (inside, others))
        if None not in mine and not mine & theirs:
            return (Expr(key, Operator.IN, tuple(sorted(value for value in mine if value))),)
    return None
