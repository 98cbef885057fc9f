"""What an identity may do at a member now: few reviews, evaluated here, however many actions are asked about."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from kubefleet.identity import Action, Rule, rule_of, rules_allow
from kubefleet.kube.connection import Connection
from kubefleet.kube.reviews import may
from kubefleet.kube.together import together

_RULES: Final = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"


def lacking(connection: Connection, actions: Collection[Action]) -> tuple[Action, ...]:
    """Those of the actions that the server denies to whom the connection acts as, sorted.

    One SelfSubjectRulesReview a namespace, which lists what is granted there. Where the server says that other
    authorizers (a webhook, a cloud's) grant without listing, what it does not list is asked about by a
    SelfSubjectAccessReview each, and so is what is in no namespace. Writes nothing and needs no right. Raises as
    `Connection` does.
    """
    by_namespace: dict[str, list[Action]] = defaultdict(list)
    for action in sorted(actions):
        by_namespace[action.namespace].append(action)
    scopes = tuple(sorted(filter(None, by_namespace)))
    found = together(connection, scopes, lambda scope: listed_in(connection, scope))
    listed = {"": _NOTHING, **dict(zip(scopes, found, strict=True))}
    unlisted = [
        action
        for scope in sorted(by_namespace)
        for action in by_namespace[scope]
        if not rules_allow(listed[scope].rules, action)
    ]
    unsure = tuple(action for action in unlisted if not listed[action.namespace].complete)
    denied = together(connection, unsure, lambda action: not _allowed(connection, action))
    sure = (action for action in unlisted if listed[action.namespace].complete)
    return tuple(sorted((*sure, *(action for action, no in zip(unsure, denied, strict=True) if no))))


@dataclass(frozen=True, slots=True)
class Listed:
    """What a review of rules lists, and whether that is all there is."""

    rules: tuple[Rule, ...]
    complete: bool


_NOTHING: Final = Listed((), complete=False)


def listed_in(connection: Connection, namespace: str) -> Listed:
    """What is granted in a namespace to whom the connection acts as, with what is granted in the whole cluster."""
    review = {"kind": "SelfSubjectRulesReview", "spec": {"namespace": namespace}}
    answer = connection.post(_RULES, {"apiVersion": "authorization.k8s.io/v1", **review})
    status = answer.get("status") or {}
    rules = tuple(rule_of(written) for written in status.get("resourceRules") or ())
    return Listed(rules, status.get("incomplete") is False)


def _allowed(connection: Connection, one: Action) -> bool:
    return may(connection, one.verb, one.group, one.resource, one.namespace, one.name, one.subresource)
