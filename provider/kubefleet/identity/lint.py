"""Whether rights are such as a placement may have, before the fence in the member says no. Fails closed."""

from collections.abc import Collection, Iterator
from typing import Final

from kubefleet.identity.escalation import RBAC
from kubefleet.identity.flaw import Flaw
from kubefleet.identity.rights import CLUSTER, Rights, Rule

VERBS: Final = frozenset({"create", "delete", "get", "list", "patch", "watch"})
LISTED_WHOLE: Final = frozenset({("", "pods"), ("batch", "jobs")})
"""What may be listed without names in a namespace: workloads' own pods and Jobs have names that controllers make up."""
_ESCALATING: Final = frozenset({"bind", "escalate"})
_SENSITIVE: Final = {
    "admissionregistration.k8s.io": "whoever writes webhooks or admission policies sees or stops every request",
    "apiextensions.k8s.io": "a CRD is every namespace's",
    "apiregistration.k8s.io": "an APIService receives the requests of others",
    "authentication.k8s.io": "it is about other identities",
    "authorization.k8s.io": "it is about other identities",
    "certificates.k8s.io": "a signed certificate is another identity",
}


def lint(
    rights: Rights,
    *,
    opted_in: Collection[str] = (),
    escalation: Collection[str] = (),
    foreign_secrets: Collection[tuple[str, str]] = (),
) -> tuple[Flaw, ...]:
    """Everything that no placement may have, by path (`shop.rules[2]`, `(cluster).rules[0]`), sorted; none is good.

    `opted_in` are resources of sensitive groups that the member's admin lets in (`kubectl` spelling:
    `validatingadmissionpolicies.admissionregistration.k8s.io`), `escalation` the names of roles that may be written or
    bound. `foreign_secrets` are (namespace, name) of Secrets that are known to be somebody else's: a right to patch one
    would reveal it.
    """
    flaws = []
    for scope, rules in rights.rules.items():
        for index, rule in enumerate(rules):
            path = f"{scope or '(cluster)'}.rules[{index}]"
            flaws += [Flaw(path, why) for why in _flaws(scope, rule, opted_in, escalation)]
            flaws += [Flaw(path, why) for why in _of_secrets(scope, rule, foreign_secrets)]
    return tuple(sorted(flaws))


def _flaws(scope: str, rule: Rule, opted_in: Collection[str], escalation: Collection[str]) -> Iterator[str]:
    if not (rule.groups and rule.resources and rule.verbs):
        yield "it has no group, resource or verb (expected one of each)"
    if any("*" in text for text in (*rule.groups, *rule.resources, *rule.verbs, *rule.names)):
        yield "it has a wildcard (expected names)"
    escalating = rule.groups == (RBAC,)
    for verb in rule.verbs:
        if verb not in (VERBS | _ESCALATING if escalating else VERBS):
            yield f"verb `{verb}` (expected one of {', '.join(sorted(VERBS))})"
    for resource in rule.resources:
        if "/" in resource:
            yield f"subresource `{resource}` (expected none: no token, exec or proxy)"
        for group in rule.groups:
            full = f"{resource}.{group}" if group else resource
            if group in _SENSITIVE and full not in opted_in:
                yield f"`{full}`: {_SENSITIVE[group]}. Have the member's admin name it in the join"
    if escalating and not (rule.names and set(rule.names) <= set(escalation)):
        roles = set(rule.resources) & {"roles", "clusterroles"}
        if roles or _ESCALATING & set(rule.verbs):
            named = ", ".join(sorted(set(rule.names) - set(escalation))) or "all"
            yield f"it may write or bind roles ({named}). Allow them by name: allow_escalation"
    yield from _flaws_of_names(scope, rule)


def _flaws_of_names(scope: str, rule: Rule) -> Iterator[str]:
    if "" in rule.names:
        yield "an empty name, which means the whole collection (expected names of objects)"
    listed = {(group, resource) for group in rule.groups for resource in rule.resources} <= LISTED_WHOLE
    if not rule.names and not (scope != CLUSTER and rule.verbs == ("list",) and listed):
        yield "it has no names (expected resourceNames: only pods and Jobs of a namespace are listed without)"


def _of_secrets(scope: str, rule: Rule, foreign: Collection[tuple[str, str]]) -> Iterator[str]:
    if "" in rule.groups and "secrets" in rule.resources:
        for name in sorted(name for name in rule.names if (scope, name) in foreign):
            yield f"Secret `{scope}/{name}` is another placement's, and a right to write it shows it. Rename this one"
