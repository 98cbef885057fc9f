"""The agent: whoever acts as the fleet's users at a member where these have no credentials of their own.

Follows constrained impersonation (KEP-5284): it takes the right to act as a user, by name, and beside it the right to
ask for each thing while acting as anybody. The second is the same for all users, so a join gives it. The first a join
gives for the reader and T1; which placements there will be it does not know, so T1 says that when one first acts.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from kubefleet.identity.ceiling import (
    Ceiling,
    Permit,
    permits_in_cluster,
    permits_in_home,
    permits_in_namespace,
)
from kubefleet.identity.federation import Federation
from kubefleet.identity.lint import VERBS
from kubefleet.identity.needs import HOME
from kubefleet.identity.rights import CLUSTER, Rule
from kubefleet.identity.roles import VERSION, binding_to
from kubefleet.identity.tiers import RBAC_RULES, READER_RIGHTS

AGENT_ROLE: Final = "fleet-agent"
OPERATOR: Final = "kubefleet.io/operator"
"""The extra of the impersonated user that names who runs the command. Its values are the agent's word."""
DISCOVERY: Final = ("/api", "/apis", "/readyz", "/version")
_GROUP: Final = "authentication.k8s.io"
_AS: Final = "user-info"
"""KEP-5284's mode for users that are neither nodes nor service accounts."""
_REVIEWS: Final = (
    Rule((_GROUP,), ("selfsubjectreviews",), ("create",)),
    Rule(("authorization.k8s.io",), ("selfsubjectaccessreviews", "selfsubjectrulesreviews"), ("create",)),
)


def acting_as(users: Sequence[str], *, legacy: bool) -> Rule:
    """The right to act as these users. Where it is `legacy`, that is all it takes to do whatever they may."""
    group, verb = ("", "impersonate") if legacy else (_GROUP, f"impersonate:{_AS}")
    return Rule((group,), ("users",), (verb,), tuple(users))


def agent_manifests(federation: Federation, ceiling: Ceiling) -> tuple[dict[str, Any], ...]:
    """What a join gives the agent: it may act as the reader and T1, and ask for what these two, and placements within
    the ceiling, may have at most. Nothing where the federation has no agent.
    """
    if not federation.agent:
        return ()
    verb = "impersonate" if federation.legacy else f"impersonate:{_AS}"
    whom = (
        acting_as((federation.rbac_user, federation.reader_user), legacy=federation.legacy),
        Rule((_GROUP,), (f"userextras/{OPERATOR}",), (verb,)),
    )
    if federation.legacy:
        return _role_and_binding(federation, CLUSTER, AGENT_ROLE, [rule.as_manifest() for rule in whom])
    asked = defaultdict(list, {scope: list(rules) for scope, rules in READER_RIGHTS.rules.items()})
    asked[CLUSTER] += [*_REVIEWS, *RBAC_RULES, *_rules_of(permits_in_cluster(ceiling))]
    asked[HOME] += _rules_of(permits_in_home())
    for namespace in ceiling.namespaces:
        asked[namespace] += _rules_of(permits_in_namespace(ceiling))
    found: list[dict[str, Any]] = []
    for scope in sorted(asked):
        rules = [rule.as_manifest() for rule in _asking(asked[scope])]
        if scope == CLUSTER:
            paths = {"nonResourceURLs": list(DISCOVERY), "verbs": [_on("get")]}
            rules = [*(rule.as_manifest() for rule in whom), *rules, paths]
        found += _role_and_binding(federation, scope, AGENT_ROLE, rules)
    return tuple(found)


def agent_roles(user: str, federation: Federation) -> tuple[dict[str, Any], ...]:
    """What T1 applies so that the agent may act as one placement: a ClusterRole of one rule, and its binding."""
    name = federation.agent_role_of(user)
    rule = acting_as((user,), legacy=federation.legacy)
    return _role_and_binding(federation, CLUSTER, name, [rule.as_manifest()])


def is_legacy(rules: Iterable[Rule]) -> bool:
    """Whether the rules of an agent's role, as a join has written them, are those of legacy impersonation."""
    return any("impersonate" in rule.verbs for rule in rules)


def _on(verb: str) -> str:
    return f"impersonate-on:{_AS}:{verb}"


def _asking(rules: Iterable[Rule]) -> Iterator[Rule]:
    """The right to ask, as anybody, for what the rules allow. `bind` and `escalate` are asked of no server."""
    for rule in rules:
        verbs = tuple(_on(verb) for verb in sorted(rule.verbs) if verb in VERBS)
        if verbs:
            yield replace(rule, verbs=verbs)


def _rules_of(permits: Iterable[Permit]) -> Iterator[Rule]:
    """As rules of RBAC: one a group."""
    for permit in permits:
        plurals: dict[str, list[str]] = defaultdict(list)
        for resource in permit.resources:
            plural, _, group = resource.partition(".")
            plurals[group].append(plural)
        for group in sorted(plurals):
            yield Rule((group,), tuple(sorted(plurals[group])), permit.verbs, permit.names or ())


def _role_and_binding(
    federation: Federation, scope: str, name: str, rules: list[dict[str, Any]]
) -> tuple[dict[str, Any], ...]:
    kind = "ClusterRole" if scope == CLUSTER else "Role"
    metadata = {"name": name} | ({} if scope == CLUSTER else {"namespace": scope})
    role = {"apiVersion": VERSION, "kind": kind, "metadata": metadata, "rules": rules}
    return role, binding_to(federation.agent, kind, metadata)
