"""Required terms: at least one of the policy's terms holds for the cluster's labels and properties."""

import numpy as np

from kubefleet.model.cluster import Cluster
from kubefleet.model.policy import PolicyType, Term
from kubefleet.model.reason import Code, Reason, make_reason
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
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
            return min((failing(columns.clusters[i], term) for term in terms), key=len)

        def make() -> Verdict:
            if not terms:
                return Verdict(columns.everywhere(), reasons)
            passed: Mask = np.logical_or.reduce([columns.where_term(term) for term in terms])
            return Verdict(passed, reasons)

        return columns.once((self.name, terms), make)


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
            code = Code.PROPERTY_MISSING if have is None else Code.PROPERTY_MISMATCH
            seen = "absent" if have is None else have.text
            found.append(make_reason(code, NAME, cluster.name, key=expr.key, wanted=str(expr), seen=seen))
    return tuple(found)
