"""A fleet whose identity is what an exec plugin yields: nobody but the member's admin hands out its rights."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kubefleet.kube.connect import connect
from kubefleet.kube.connection import Connection
from kubefleet.lab.lab import Lab

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("namespaces_of_joins")]

SPACE, HOME, ACCOUNT = "acting", "pulumi-kubefleet", "fleet-plugin"
RBAC = "rbac.authorization.k8s.io"
PROGRAM = """
import pulumi
from pulumi_kubefleet import *

fleet = Fleet("shop", identity=IdentityFederation("exec"))
access = ExecCredential(server={server!r}, ca=open({ca!r}).read(), command={command!r}, args={args!r})
fleet.member("eu-1", access=access)
fleet.placement("web", namespace={space!r}, policy=PickAll(), manifests=[
    {{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {{"name": "settings"}}, "data": {{"a": "1"}}}}])
pulumi.export("plan", fleet.plan)
"""


@pytest.fixture
def member(quickstart_lab: Lab) -> Iterator[Connection]:
    """eu-1 with an account that may look, and nothing else."""
    admin = connect("eu-1", quickstart_lab.access("eu-1"))
    for namespace in (SPACE, HOME):
        admin.post("/api/v1/namespaces", {"metadata": {"name": namespace}})
    admin.post(f"/api/v1/namespaces/{SPACE}/serviceaccounts", {"metadata": {"name": ACCOUNT}})
    allow(admin, "looks", "view")
    allow(
        admin,
        "nodes",
        "system:node-reader-of-the-test",
        [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]}],
    )
    yield admin
    for name in ("looks", "nodes", "writes"):
        for kind in ("clusterrolebindings", "clusterroles"):
            if any(item["metadata"]["name"] == f"{SPACE}-{name}" for item in admin.list(f"/apis/{RBAC}/v1/{kind}")):
                admin.delete(f"/apis/{RBAC}/v1/{kind}/{SPACE}-{name}")
    admin.close()


def allow(admin: Connection, name: str, role: str, rules: list[dict[str, Any]] | None = None) -> None:
    """Bind the account to a role of the cluster, or to these rules."""
    named = {"metadata": {"name": f"{SPACE}-{name}"}}
    if rules is not None:
        admin.post(f"/apis/{RBAC}/v1/clusterroles", {**named, "rules": rules})
        role = f"{SPACE}-{name}"
    subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": SPACE}
    reference = {"apiGroup": RBAC, "kind": "ClusterRole", "name": role}
    admin.post(f"/apis/{RBAC}/v1/clusterrolebindings", {**named, "roleRef": reference, "subjects": [subject]})


def test_what_its_admin_has_not_granted_fails_the_preview(
    stack: Any, member: Connection, quickstart_lab: Lab, tmp_path: Path
) -> None:
    endpoint = member.transport.endpoint
    ca = tmp_path / "ca.crt"
    ca.write_text(endpoint.ca)
    command = str(Path(sys.executable).with_name("kubefleet-credential"))
    source = ["--context", "eu-1", "--kubeconfig", str(quickstart_lab.kubeconfig), "--namespace", SPACE]
    args = [ACCOUNT, "--mode", "service-account-token", *source]
    program = PROGRAM.format(server=endpoint.server, ca=str(ca), command=command, args=args, space=SPACE)
    (stack.folder / "__main__.py").write_text(program)

    told = stack.preview(code=-1)
    assert "eu-1: mode `exec` gives no rights, and there is none to" in told
    assert f"create, delete, patch on configmaps `settings` in namespace `{SPACE}`" in told
    assert "Have the member's admin grant it" in told

    verbs = ["get", "list", "watch", "create", "patch", "delete"]
    allow(member, "writes", "", [{"apiGroups": [""], "resources": ["configmaps", "secrets"], "verbs": verbs}])
    told = stack.preview()
    assert f"eu-1: acts as `system:serviceaccount:{SPACE}:{ACCOUNT}` (mode `exec`)" in told
    assert "gains" not in told
    mark = quickstart_lab.audited("eu-1")
    stack.up()
    users = {write.user for write in quickstart_lab.writes("eu-1", mark) if write.resource == "configmaps"}
    assert users == {f"system:serviceaccount:{SPACE}:{ACCOUNT}"}
    found = json.loads(stack.kubectl("eu-1", "get", "configmap", "settings", "-n", SPACE, "-o", "json"))
    assert found["data"] == {"a": "1"}
    stack.run("destroy", "--yes")
