"""What an identity may do at a member now: few reviews, evaluated here, however many actions are asked about."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any, Final

from kubefleet.identity import Action, Rule, rule_of, rules_allow
from kubefleet.kube.connection import Connection
from kubefleet.kube.together import together

_REVIEWS: Final = "/apis/authorization.k8s.io/v1"


def lacking(connection: Connection, actions: Collection[Action]) -> tuple[Action, ...]:
    """Those of the actions that the server denies to whom the connection acts as, sorted.

    One SelfSubjectRulesReview a namespace, which lists what RBAC grants there; what it does not list is asked about by
    a SelfSubjectAccessReview each: other authorizers (a webhook, a cloud's) grant without listing. What is in no
    namespace no list is about. Writes nothing and needs no right. Raises as `Connection` does.
    """
    by_namespace: dict[str, list[Action]] = defaultdict(list)
    for action in sorted(actions):
        by_namespace[action.namespace].append(action)
    scopes = tuple(sorted(filter(None, by_namespace)))
    found = together(connection, scopes, lambda scope: rules_in(connection, scope))
    rules: Mapping[str, tuple[Rule, ...]] = {"": (), **dict(zip(scopes, found, strict=True))}
    unlisted = tuple(
        action
        for scope in sorted(by_namespace)
        for action in by_namespace[scope]
        if not rules_allow(rules[scope], action)
    )
    denied = together(connection, unlisted, lambda action: not _allowed(connection, action))
    return tuple(sorted(action for action, no in zip(unlisted, denied, strict=True) if no))


def rules_in(connection: Connection, namespace: str) -> tuple[Rule, ...]:
    """What RBAC grants in a namespace to whom the connection acts as, with what it grants in the whole cluster."""
    review = _review("SelfSubjectRulesReview", {"namespace": namespace})
    answer = connection.post(f"{_REVIEWS}/selfsubjectrulesreviews", review)
    return tuple(rule_of(written) for written in (answer.get("status") or {}).get("resourceRules") or ())


def _allowed(connection: Connection, action: Action) -> bool:
    attributes = {
        "verb": action.verb,
        "group": action.group,
        "resource": action.resource,
        "subresource": action.subresource,
        "namespace": action.namespace,
        "name": action.name,
    }
    review = _review("SelfSubjectAccessReview", {"resourceAttributes": attributes})
    answer = connection.post(f"{_REVIEWS}/selfsubjectaccessreviews", review)
    return (answer.get("status") or {}).get("allowed") is True


def _review(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}
