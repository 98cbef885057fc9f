"""Rights: rules as RBAC has them, by namespace, in one canonical form."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from immutabledict import immutabledict

from kubefleet.identity.action import Action

CLUSTER: Final = ""
"""The scope of what has no namespace: rules of a ClusterRole."""
NAMES_IN_A_RULE: Final = 500


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """A PolicyRule of `rbac.authorization.k8s.io/v1`. Without `names` it is about every object of its resources."""

    groups: tuple[str, ...]
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    names: tuple[str, ...] = ()

    def as_manifest(self) -> dict[str, Any]:
        """As it stands in a Role."""
        names = {"resourceNames": list(self.names)} if self.names else {}
        return {"apiGroups": list(self.groups), "resources": list(self.resources), "verbs": list(self.verbs)} | names


@dataclass(frozen=True, slots=True)
class Rights:
    """Rules by scope: a namespace, or `CLUSTER`. Those of `CLUSTER` hold in every namespace too, as RBAC has it."""

    rules: immutabledict[str, tuple[Rule, ...]] = field(default_factory=immutabledict)

    @property
    def digest(self) -> str:
        """sha256 (hex) of what they say: equal rights in canonical form have equal digests."""
        said = {scope: [rule.as_manifest() for rule in rules] for scope, rules in self.rules.items()}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def rights_for(actions: Iterable[Action]) -> Rights:
    """The least rights that allow these actions, in canonical form: the same whatever the order of the actions.

    One resource a rule, verbs that have the same names together, at most 500 names a rule; all of it sorted. An action
    on a collection becomes a rule without names, so it allows every object of that resource in its namespace.
    """
    verbs: dict[tuple[str, str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for action in actions:
        resource = f"{action.resource}/{action.subresource}" if action.subresource else action.resource
        verbs[action.namespace, action.group, resource][action.name].add(action.verb)
    rules: dict[str, list[Rule]] = defaultdict(list)
    for (scope, group, resource), by_name in verbs.items():
        names: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for name, wanted in by_name.items():
            names[tuple(sorted(wanted))].append(name)
        for together, having in names.items():
            rules[scope] += [Rule((group,), (resource,), together, chunk) for chunk in _chunks(having)]
    return Rights(immutabledict({scope: tuple(sorted(rules[scope])) for scope in sorted(rules)}))


def actions_of(rights: Rights) -> frozenset[Action]:
    """Every action that rights name, one by one: the inverse of `rights_for`."""
    return frozenset(
        Action(verb, group, resource, scope, name, subresource)
        for scope, rules in rights.rules.items()
        for rule in rules
        for group in rule.groups
        for resource, _, subresource in (entry.partition("/") for entry in rule.resources)
        for verb in rule.verbs
        for name in rule.names or ("",)
    )


def rule_of(written: Mapping[str, Any]) -> Rule:
    """A rule of a Role or of a SelfSubjectRulesReview's `resourceRules`, as it is written there."""
    lists = (written.get(key) or () for key in ("apiGroups", "resources", "verbs", "resourceNames"))
    groups, resources, verbs, names = (tuple(map(str, each)) for each in lists)
    return Rule(groups, resources, verbs, names)


def _chunks(names: list[str]) -> Iterator[tuple[str, ...]]:
    ordered = sorted(names)
    if ordered[0] == "":
        # Never beside names: an empty one in `resourceNames` would mean the collection, and nobody would see it.
        yield ()
        ordered = ordered[1:]
    for start in range(0, len(ordered), NAMES_IN_A_RULE):
        yield tuple(ordered[start : start + NAMES_IN_A_RULE])
