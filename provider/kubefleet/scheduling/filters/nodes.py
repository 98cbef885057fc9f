"""Node requirements: the cluster has the nodes that one of the policy's terms asks for."""

import numpy as np

from kubefleet.model.cluster import Cluster
from kubefleet.model.node_facts import ALLOCATABLE, amount_fact, node_fact
from kubefleet.model.nominal import nominal
from kubefleet.model.policy import Nodes, PolicyType, Term
from kubefleet.model.reason import Code, Reason, make_reason
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.filters.required import nearest_term
from kubefleet.scheduling.node_requirement import Nearest, matching_nodes, nearest_nodes
from kubefleet.scheduling.protocols import Mask, Verdict

NAME = "nodes"


class NodeRequirements:
    """Refuses clusters that lack the nodes of every term whose labels and properties hold; where none do, clusters
    that lack the nodes of every term. So together with `required` it passes those for which a whole term holds.
    """

    name = NAME
    warns_for = frozenset({PolicyType.PICK_FIXED})
    by_policy = True

    def judge(self, cycle: Cycle, request: Request) -> Verdict:
        """Made once per distinct list of terms; nothing to do where no term requires nodes."""
        columns, terms = cycle.columns, request.policy.required
        if not any(term.nodes for term in terms):
            return columns.once(NAME, lambda: Verdict(columns.everywhere(), lambda _: ()))

        def reasons(i: int) -> tuple[Reason, ...]:
            cluster = columns.clusters[i]
            described = [term for term in terms if columns.where_described(term)[i]]
            # Where no term is, it is the one of which `required` tells the rest.
            return min((lacking(cluster, term) for term in described or [nearest_term(cluster, terms)]), key=len)

        def make() -> Verdict:
            described: Mask = np.logical_or.reduce([columns.where_described(term) for term in terms])
            equipped: Mask = np.logical_or.reduce([columns.where_equipped(term) for term in terms])
            whole: Mask = np.logical_or.reduce([columns.where_term(term) for term in terms])
            return Verdict(whole | (~described & equipped), reasons)

        return columns.once((NAME, terms), make)


def lacking(cluster: Cluster, term: Term) -> tuple[Reason, ...]:
    """Requirements of a term for which a cluster has too few nodes."""
    found = []
    for wanted in term.nodes:
        have = matching_nodes(cluster, wanted)
        if have < wanted.at_least:
            found.append(_reason(cluster, wanted, have))
    return tuple(found)


def _reason(cluster: Cluster, wanted: Nodes, have: int) -> Reason:
    detail: dict[str, int | str] = {
        "wanted": ", ".join(map(str, wanted.each)),
        "at_least": wanted.at_least,
        "have": have,
        "free": int(wanted.free),
    }
    if nearest := nearest_nodes(cluster, wanted):
        detail |= _figures(nearest)
    return make_reason(Code.NODE_REQUIREMENT_UNMET, NAME, cluster.name, **detail)


def _figures(nearest: Nearest) -> dict[str, int | str]:
    """Of the nearest nodes what is unmet and what they have: of a resource all three figures, and what is free."""
    shape, key = nearest.shape, nearest.unmet.key
    seen = node_fact(shape, key, nearest.free)
    found: dict[str, int | str] = {
        "nearest": shape.instance_type,
        "nearest_nodes": nearest.count,
        "unmet": str(nearest.unmet),
        "seen": seen.text if seen else "absent",
    }
    resource = key.removeprefix(ALLOCATABLE)
    figures = {
        "nominal": nominal(shape, resource),
        "capacity": shape.capacity.get(resource),
        "allocatable": shape.allocatable.get(resource),
        "free_there": nearest.free.get(resource) if nearest.free is not None else None,
    }
    return found | {name: fact.text for name, amount in figures.items() if (fact := amount_fact(resource, amount))}
