"""Required terms: at least one of the policy's terms holds for the cluster's labels and properties.

What a term requires of nodes is the next filter's: the two together pass a cluster for which a whole term holds.
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from kubefleet.model.cluster import Cluster
from kubefleet.model.policy import PolicyType, Term
from kubefleet.model.property import Flaw, Property, Version, is_flawed
from kubefleet.model.reason import Code, Reason, make_reason
from kubefleet.model.request import Request
from kubefleet.model.selector import ORDERED, Expr
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.node_requirement import matching_nodes
from kubefleet.scheduling.protocols import Mask, Verdict

NAME = "required"


class Required:
    """Refuses clusters for which no term holds; the reasons are those of the term that comes nearest."""

    name = NAME
    warns_for = frozenset({PolicyType.PICK_FIXED})
    by_policy = True

    def judge(self, cycle: Cycle, request: Request) -> Verdict:
        """Made once per distinct list of terms."""
        columns, terms = cycle.columns, request.policy.required

        def reasons(i: int) -> tuple[Reason, ...]:
            return failing(columns.clusters[i], nearest_term(columns.clusters[i], terms))

        def make() -> Verdict:
            if not terms:
                return Verdict(columns.everywhere(), reasons)
            passed: Mask = np.logical_or.reduce([columns.where_described(term) for term in terms])
            return Verdict(passed, reasons)

        return columns.once((self.name, terms), make)


def nearest_term(cluster: Cluster, terms: Sequence[Term]) -> Term:
    """The term of which the reasons are told where the labels and properties of none hold: the one of which the least
    does not, nodes included; first those of which the cluster has the nodes, since the filter of nodes passes it then.
    """

    def distance(term: Term) -> tuple[int, int]:
        few = sum(matching_nodes(cluster, wanted) < wanted.at_least for wanted in term.nodes)
        return min(few, 1), few + len(failing(cluster, term))

    return min(terms, key=distance) if len(terms) > 1 else terms[0]


def failing(cluster: Cluster, term: Term) -> tuple[Reason, ...]:
    """What does not hold of a term."""
    found = [
        make_reason(
            Code.LABEL_MISMATCH,
            NAME,
            cluster.name,
            key=expr.key,
            wanted=str(expr),
            seen=cluster.labels.get(expr.key, "absent"),
        )
        for expr in term.labels
        if not expr.matches_labels(cluster.labels)
    ]
    for expr in term.properties:
        have = cluster.properties.get(expr.key)
        if not expr.matches_property(have):
            code = Code.PROPERTY_MISSING if have is None or is_flawed(have) else Code.PROPERTY_MISMATCH
            detail = {"key": expr.key, "wanted": str(expr), "seen": "absent" if have is None else have.text}
            found.append(make_reason(code, NAME, cluster.name, **detail, **_unusable(expr, have)))
    return tuple(found)


def _unusable(expr: Expr, have: Property | None) -> dict[str, str]:
    """Why a property that is there cannot be compared."""
    if have is None:
        return {}
    if isinstance(have.value, Flaw):
        return {"why": have.value.why}
    ordered = expr.operator in ORDERED and not isinstance(have.value, Fraction | Version)
    return {"why": f"`{have.text}` is no quantity"} if ordered else {}
