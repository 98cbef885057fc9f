"""The evaluator of rules against a real API server's answers, with rules and questions at random, seeded."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from joined_member import RBAC, as_user
from lab_objects import until

from kubefleet.identity import Action, Rule, rule_of, rules_allow
from kubefleet.kube.connection import Connection
from kubefleet.kube.object_access import apply_body, delete_if_there
from kubefleet.kube.object_ref import ref_of
from kubefleet.model.access import Kubeconfig

pytestmark = pytest.mark.lab

USER = "rules-reader"
GROUPS = ("", "apps", "batch", "*")
RESOURCES = ("pods", "pods/log", "secrets", "deployments", "deployments/scale", "*", "*/scale", "*/*")
VERBS = ("get", "list", "patch", "create", "*")
NAMES = ("a", "b", "", "*")
SEEDS = range(12)


def some(chance: random.Random, values: tuple[str, ...], least: int = 1) -> tuple[str, ...]:
    return tuple(chance.sample(values, chance.randint(least, 2)))


def random_rule(chance: random.Random) -> Rule:
    return Rule(some(chance, GROUPS), some(chance, RESOURCES), some(chance, VERBS), some(chance, NAMES, 0))


def random_action(chance: random.Random) -> Action:
    resource, _, subresource = chance.choice(RESOURCES[:5]).partition("/")
    group, verb, name = chance.choice(GROUPS[:3]), chance.choice(VERBS[:4]), chance.choice(("a", "b", "c", ""))
    return Action(verb, group, resource, chance.choice(("default", "kube-system")), name, subresource)


@pytest.fixture(scope="module")
def reader(access: Kubeconfig) -> Iterator[Connection]:
    connection = as_user(access, USER)
    yield connection
    connection.close()


def allowed(reader: Connection, action: Action) -> bool:
    names = ("verb", "group", "resource", "namespace", "name", "subresource")
    answer = reader.post(
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {name: getattr(action, name) for name in names}},
        },
    )
    return bool(answer["status"]["allowed"])


def rules_in(reader: Connection, namespace: str) -> tuple[Rule, ...]:
    answer = reader.post(
        "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
        {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectRulesReview",
            "spec": {"namespace": namespace},
        },
    )
    assert not answer["status"]["incomplete"]
    return tuple(map(rule_of, answer["status"]["resourceRules"]))


@pytest.mark.parametrize("seed", SEEDS)
def test_one_review_of_rules_answers_as_many_reviews_of_access(connection: Connection, reader: Connection, seed: int):
    """A Role in one namespace, a ClusterRole for all: each asked about in both namespaces."""
    chance = random.Random(seed)
    marks = [Rule(("mark.test",), ("marks",), ("get",), (f"{kind}-{seed}",)) for kind in ("in", "all")]
    here = (marks[0], *(random_rule(chance) for _ in range(2)))
    everywhere = (marks[1], random_rule(chance))
    made = [*bound("Role", here, "default"), *bound("ClusterRole", everywhere, "")]
    try:
        for manifest in made:
            apply_body(connection, manifest, manager="test", force=True)
        for mark in marks:
            until(lambda mark=mark: allowed(reader, Action("get", "mark.test", "marks", "default", mark.names[0])))
        rules = {namespace: rules_in(reader, namespace) for namespace in ("default", "kube-system")}
        seen = {True: 0, False: 0}
        for _ in range(60):
            action = random_action(chance)
            expected = allowed(reader, action)
            assert rules_allow(rules[action.namespace], action) == expected, (action, here, everywhere)
            seen[expected] += 1
        assert seen[False]
    finally:
        for manifest in reversed(made):
            delete_if_there(connection, ref_of(manifest))


def bound(kind: str, rules: tuple[Rule, ...], namespace: str) -> tuple[dict[str, Any], dict[str, Any]]:
    metadata = {"name": USER} | ({"namespace": namespace} if namespace else {})
    whole = {"apiVersion": f"{RBAC}/v1", "metadata": metadata}
    reference = {"apiGroup": RBAC, "kind": kind, "name": USER}
    subjects = [{"apiGroup": RBAC, "kind": "User", "name": USER}]
    return (
        {**whole, "kind": kind, "rules": [rule.as_manifest() for rule in rules]},
        {**whole, "kind": f"{kind}Binding", "roleRef": reference, "subjects": subjects},
    )
