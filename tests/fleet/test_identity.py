"""A fleet that acts as no admin, through a whole life: joined, placed, changed, moved, destroyed; as the members' audit
logs have it.
"""

import json
from typing import Any

import pytest

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("namespaces_of_joins")]

SPACE = "acting"
HOME = "pulumi-kubefleet"
ACCOUNTS = f"system:serviceaccount:{HOME}:"
PROGRAM = """
import pulumi
from pulumi_kubefleet import *

def config_map(name, **data):
    return {{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {{"name": name}}, "data": data}}

def deployment(name="web", replicas=2, image="web:1"):
    labels = {{"app": name}}
    container = {{"name": name, "image": image, "resources": {{"requests": {{"cpu": "100m", "memory": "64Mi"}}}}}}
    return {{
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {{"name": name}},
        "spec": {{"replicas": replicas, "selector": {{"matchLabels": labels}},
                 "template": {{"metadata": {{"labels": labels}}, "spec": {{"containers": [container]}}}}}},
    }}

fleet = Fleet("shop", identity=IdentityFederation(namespaces=["{space}"]))
for name in ("eu-1", "us-1"):
    fleet.member(name, context=name, join=True)
{body}
pulumi.export("plan", fleet.plan)
"""
WEB = """fleet.placement("web", manifests=[{objects}], namespace="{space}", policy=PickFixed({names}))"""


def write(stack: Any, objects: str, *names: str, space: str = SPACE) -> None:
    body = WEB.format(objects=objects, names=", ".join(map(repr, names)), space=space)
    (stack.folder / "__main__.py").write_text(PROGRAM.format(body=body, space=SPACE))


def writers(stack: Any, since: dict[str, int]) -> dict[str, set[str]]:
    """Who has written what kinds of objects at the members since then."""
    found: dict[str, set[str]] = {}
    for cluster in ("eu-1", "us-1"):
        for item in stack.lab.writes(cluster, since[cluster]):
            found.setdefault(item.user, set()).add(item.resource)
    return found


def test_after_the_join_nothing_is_written_by_an_admin(stack: Any) -> None:
    write(stack, 'config_map("settings", a="1"), deployment()', "eu-1")
    told = stack.preview()
    assert "eu-1 joins: this once an admin of the cluster is needed" in told
    joined = stack.events()
    told = stack.up()
    assert "eu-1 has joined" in told
    by = writers(stack, joined)
    assert "deployments" not in by["lab-admin"]
    uid = next(item["outputs"]["uid"] for item in stack.state() if item["type"].endswith("Ownership"))
    mine = f"{ACCOUNTS}fleet-{uid}"
    assert by[mine] == {"configmaps", "deployments"}
    assert by[f"{ACCOUNTS}fleet-rbac"] == {"roles", "rolebindings", "clusterroles", "clusterrolebindings"}

    mark = stack.events()
    assert "no changes" in stack.up() or writers(stack, mark) == {}
    write(stack, 'config_map("other", a="2"), deployment(image="web:2")', "eu-1")
    stack.up()
    write(stack, 'config_map("other", a="2"), deployment(image="web:2")', "us-1")
    stack.up()
    by = writers(stack, mark)
    # Tokens are no writes; an account is made where the placement comes for the first time.
    assert set(by) <= {mine, f"{ACCOUNTS}fleet-rbac", "lab-admin"}
    assert by.get("lab-admin", set()) <= {"serviceaccounts"}
    left = stack.kubectl("eu-1", "get", "deploy,cm", "-n", SPACE, "-o", "name").split()
    assert left == ["configmap/kube-root-ca.crt"]
    roles = json.loads(stack.kubectl("eu-1", "get", "roles,clusterroles", "-A", "-o", "json"))["items"]
    assert [role["metadata"]["name"] for role in roles if role["metadata"]["name"].startswith("fleet:")] == []


def test_what_is_outside_the_ceiling_fails_the_preview(stack: Any) -> None:
    write(stack, 'config_map("settings", a="1")', "eu-1", space="default")
    told = stack.preview(code=-1)
    assert "namespace `default` is outside the ceiling" in told


def test_mistakes_are_told_at_once(stack: Any) -> None:
    program = PROGRAM.format(body="", space="No_Such")
    program = program.replace("IdentityFederation(", 'IdentityFederation("magic", ttl="1m", ')
    (stack.folder / "__main__.py").write_text(program)
    told = stack.preview(code=-1)
    assert "fleet.identity.mode: unknown mode `magic` (expected one of auto, azure, exec," in told
    assert "fleet.identity.namespaces[0]: bad name `No_Such`" in told


def test_a_check_that_takes_the_right_to_proxy_is_a_mistake(stack: Any) -> None:
    health = 'HealthCheck(kind="apps/Deployment", http="/ready", port=80)'
    body = f"""fleet.placement("web", manifests=[deployment()], namespace="{SPACE}", health=[{health}])"""
    (stack.folder / "__main__.py").write_text(PROGRAM.format(body=body, space=SPACE))
    assert "placements.web.health[0].http: it takes the right to `proxy`" in stack.preview(code=-1)
