"""What a user would edit for a change of taints or terms: the filters are asked again, so that what is promised is what
what they say then. To drop an expression also passes clusters that fail it for another reason, and their domains count.
"""

from collections.abc import Callable
from dataclasses import replace

from kubefleet.model.policy import Policy, Term
from kubefleet.model.selector import Expr, Operator
from kubefleet.model.taint import Taint, Toleration

Edit = Callable[[Policy], Policy]


def tolerating(taint: Taint) -> Edit:
    """One more toleration, of this taint only, and for ever: those that match it lose their seconds, of which the
    fewest would count.
    """

    def edit(policy: Policy) -> Policy:
        there = (
            replace(toleration, seconds=None) if toleration.tolerates(taint) else toleration
            for toleration in policy.tolerations
        )
        mine = Toleration(taint.key, "Equal", taint.value, taint.effect.value)
        return replace(policy, tolerations=tuple(dict.fromkeys((*there, mine))))

    return edit


def limited(policy: Policy, taint: Taint) -> bool:
    """Whether a toleration is there already, but only for a time."""
    return any(toleration.tolerates(taint) for toleration in policy.tolerations)


def with_label(wanted: str, seen: str) -> Edit:
    """A value more where an `In` has values; else without the expression."""

    def wider(term: Term) -> Term:
        labels = []
        for expr in term.labels:
            if str(expr) != wanted:
                labels.append(expr)
            elif seen != "absent" and expr.operator is Operator.IN:
                labels.append(Expr(expr.key, expr.operator, (*expr.values, seen)))
        return replace(term, labels=tuple(labels))

    return _of_terms(wider)


def with_property(wanted: str, instead: Expr | None) -> Edit:
    """Another bound of a property; None for none at all."""

    def wider(term: Term) -> Term:
        properties = (instead if str(expr) == wanted else expr for expr in term.properties)
        return replace(term, properties=tuple(expr for expr in properties if expr is not None))

    return _of_terms(wider)


def with_fewer_nodes(wanted: str, free: bool, before: int, to: int) -> Edit:
    """Fewer nodes of a requirement; 0 for none."""

    def wider(term: Term) -> Term:
        nodes = []
        for asked in term.nodes:
            if (", ".join(map(str, asked.each)), asked.free, asked.at_least) != (wanted, free, before):
                nodes.append(asked)
            elif to:
                nodes.append(replace(asked, at_least=to))
        return replace(term, nodes=tuple(nodes))

    return _of_terms(wider)


def _of_terms(wider: Callable[[Term], Term]) -> Edit:
    return lambda policy: replace(policy, required=tuple(map(wider, policy.required)))
