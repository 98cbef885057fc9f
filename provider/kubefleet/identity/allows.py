"""Whether rules allow an action: RBAC's own semantics, so that many questions cost one review.

Follows `VerbMatches` to `ResourceNameMatches` of k8s.io/kubernetes/pkg/apis/rbac/v1/evaluation_helpers.go, and is
compared with a real API server's answers.
"""

from collections.abc import Iterable
from typing import Final

from kubefleet.identity.action import Action
from kubefleet.identity.rights import Rule

_ALL: Final = "*"


def rules_allow(rules: Iterable[Rule], action: Action) -> bool:
    """Whether one of the rules allows it. Where they hold is the caller's: the answer of a SelfSubjectRulesReview for
    a namespace, which has those of ClusterRoles too, is asked about that namespace.
    """
    return any(_allows(rule, action) for rule in rules)


def _allows(rule: Rule, action: Action) -> bool:
    return (
        (_ALL in rule.verbs or action.verb in rule.verbs)
        and (_ALL in rule.groups or action.group in rule.groups)
        and any(_is_about(resource, action) for resource in rule.resources)
        # No wildcard among names; an empty name is that of a collection.
        and (not rule.names or action.name in rule.names)
    )


def _is_about(resource: str, action: Action) -> bool:
    if resource == _ALL:
        return True
    if not action.subresource:
        return resource == action.resource
    return resource in (f"{action.resource}/{action.subresource}", f"{_ALL}/{action.subresource}")
