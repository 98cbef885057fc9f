"""What an identity may do, as a real API server says of whoever asks."""

import itertools
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from kubefleet.federation import READER, make_mode
from kubefleet.federation.allowed import lacking
from kubefleet.federation.modes import Ground
from kubefleet.identity import Action
from kubefleet.kube.connection import Connection
from kubefleet.lab.audit import Write
from kubefleet.lab.lab import Lab

pytestmark = pytest.mark.lab

SPACE = "fleet-allowed"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
RULES: list[dict[str, Any]] = [
    {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "patch"], "resourceNames": ["a", "b"]},
    {"apiGroups": ["apps"], "resources": ["deployments", "deployments/scale"], "verbs": ["*"]},
    {"apiGroups": ["*"], "resources": ["secrets"], "verbs": ["list"]},
]
OF_CLUSTER: list[dict[str, Any]] = [
    {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list"]},
    {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"], "resourceNames": [SPACE]},
    {"apiGroups": ["batch"], "resources": ["*"], "verbs": ["get"]},
]


@pytest.fixture(scope="module")
def somebody(connection: Connection) -> Iterator[Connection]:
    """An account with these rights and no others."""
    connection.post("/api/v1/namespaces", {"metadata": {"name": SPACE}})
    connection.post(f"/api/v1/namespaces/{SPACE}/serviceaccounts", {"metadata": {"name": READER.account}})
    named = {"metadata": {"name": SPACE}}
    subjects = [{"kind": "ServiceAccount", "name": READER.account, "namespace": SPACE}]
    group = {"apiGroup": "rbac.authorization.k8s.io", "name": SPACE}
    here = f"{RBAC}/namespaces/{SPACE}"
    connection.post(f"{here}/roles", {**named, "rules": RULES})
    connection.post(f"{here}/rolebindings", {**named, "roleRef": {**group, "kind": "Role"}, "subjects": subjects})
    connection.post(f"{RBAC}/clusterroles", {**named, "rules": OF_CLUSTER})
    of_cluster = {**named, "roleRef": {**group, "kind": "ClusterRole"}, "subjects": subjects}
    connection.post(f"{RBAC}/clusterrolebindings", of_cluster)
    ground = Ground(lambda _: connection, lambda _: "", namespace=SPACE)
    yield connection.acting_with(make_mode("service-account-token", ground).source("eu-1", READER))
    connection.delete(f"{RBAC}/clusterrolebindings/{SPACE}")
    connection.delete(f"{RBAC}/clusterroles/{SPACE}")
    connection.delete(f"/api/v1/namespaces/{SPACE}")


def everything() -> list[Action]:
    verbs = ("get", "list", "patch", "create", "delete")
    namespaced = (
        ("", "configmaps"),
        ("", "secrets"),
        ("apps", "deployments"),
        ("batch", "jobs"),
        ("apps", "replicasets"),
    )
    found = [
        Action(verb, group, resource, namespace, name)
        for verb, (group, resource), namespace, name in itertools.product(
            verbs, namespaced, (SPACE, "default"), ("", "a", "c")
        )
    ]
    found += [
        Action(verb, "", resource, "", name)
        for verb, resource, name in itertools.product(verbs, ("nodes", "namespaces"), ("", SPACE, "x"))
    ]
    found += [Action("patch", "apps", "deployments", SPACE, "a", sub) for sub in ("scale", "status")]
    return found


def asked_one_by_one(connection: Connection, action: Action) -> bool:
    attributes = {
        "verb": action.verb,
        "group": action.group,
        "resource": action.resource,
        "subresource": action.subresource,
        "namespace": action.namespace,
        "name": action.name,
    }
    body = {"kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": attributes}}
    answer = connection.post(
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {"apiVersion": "authorization.k8s.io/v1", **body}
    )
    return bool(answer["status"]["allowed"])


def test_what_lacks_is_what_the_server_denies_one_by_one(somebody: Connection) -> None:
    actions = everything()
    denied = [action for action in actions if not asked_one_by_one(somebody, action)]
    assert 0 < len(denied) < len(actions)
    assert lacking(somebody, actions) == tuple(sorted(denied))
    shuffled = Random(1).sample(actions, len(actions))
    assert lacking(somebody, shuffled) == tuple(sorted(denied))


def test_two_thousand_actions_cost_a_review_for_each_namespace(somebody: Connection, quickstart_lab: Lab) -> None:
    actions = [Action("patch", "apps", "deployments", SPACE, f"web-{number}") for number in range(1000)]
    # The server knows all of what RBAC grants, so what is denied costs no more.
    actions += [Action("patch", "", "configmaps", SPACE, f"settings-{number}") for number in range(1000)]
    since = quickstart_lab.audited("eu-1")
    assert len(lacking(somebody, actions)) == 1000
    mine = f"system:serviceaccount:{SPACE}:{READER.account}"
    asked = [event for event in quickstart_lab.audit("eu-1", since) if event["user"]["username"] == mine]
    assert [event["objectRef"]["resource"] for event in asked] == ["selfsubjectrulesreviews"]
    writes: tuple[Write, ...] = quickstart_lab.writes("eu-1", since)
    assert [write for write in writes if write.user == mine] == []
