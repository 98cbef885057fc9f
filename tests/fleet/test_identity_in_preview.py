"""What previews tell of identities and rights, and what becomes of a member that lets a placement have none."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kubefleet.kube.inventory_object import InventoryObject, format_inventory_object
from kubefleet.kube.object_ref import ObjectRef
from kubefleet.lab.lab import Lab

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("namespaces_of_joins")]

SPACE = "acting"
EACH = "create, delete, get, patch on"
PROGRAM = """
import pulumi
from pulumi_kubefleet import *

def config_map(name):
    return {{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {{"name": name}}, "data": {{"a": "1"}}}}

fleet = Fleet("shop", identity=IdentityFederation(namespaces=["acting"]{more}))
for name in ("eu-1", "us-1"):
    fleet.member(name, context=name)
fleet.placement("web", namespace="acting", policy=PickFixed({names}), manifests=[{objects}])
pulumi.export("plan", fleet.plan)
"""
SKIP = ', on_denied="skip_cluster"'


@pytest.fixture
def join(quickstart_lab: Lab) -> Iterator[Callable[..., None]]:
    """`kubefleet join` as the members' admin; they leave at the end."""
    ceilings: dict[str, str] = {}

    def run(member: str, namespace: str, *more: str) -> None:
        command = [sys.executable, "-m", "kubefleet.cli.main", "join", member, "--context", member]
        environment = {**os.environ, "KUBECONFIG": str(quickstart_lab.kubeconfig)}
        done = subprocess.run(
            [*command, "--namespace", namespace, *more], capture_output=True, text=True, check=False, env=environment
        )
        assert done.returncode == 0, done.stdout + done.stderr
        ceilings[member] = namespace

    yield run
    for member, namespace in sorted(ceilings.items()):
        run(member, namespace, "--leave")


def test_a_life_of_rights_as_previews_tell_it(join: Callable[..., None], stack: Any) -> None:
    def write(objects: str, *names: str, more: str = "") -> None:
        named = ", ".join(map(repr, names or ("eu-1", "us-1")))
        (stack.folder / "__main__.py").write_text(PROGRAM.format(names=named, objects=objects, more=more))

    def settings(cluster: str) -> set[str]:
        return set(stack.kubectl(cluster, "get", "configmap", "-n", SPACE, "-o", "name").split()) - {
            "configmap/kube-root-ca.crt"
        }

    join("eu-1", SPACE)
    # Its admin lets the fleet have another namespace.
    join("us-1", "default")
    stack.kubectl("us-1", "create", "namespace", SPACE)

    # What its fence would say to the roles fails the preview.
    write('config_map("a")')
    mark = stack.events()
    told = stack.preview(code=-1)
    assert f"placements.web.manifests: us-1: there is no right to {EACH} configmaps `a` in namespace `acting`;" in told
    assert ", and its fence lets `system:serviceaccount:pulumi-kubefleet:fleet-" in told
    assert "the namespace is outside the ceiling" in told
    assert "Have the member's admin join it again" in told
    assert "eu-1: " not in told.split("placements.web.manifests")[1]
    assert stack.writes(mark) == []

    # Or leaves it out, and says so, and the placement goes on.
    write('config_map("a")', more=SKIP)
    told = stack.preview()
    assert "us-1: left out: there is no right to create, " in told
    assert "eu-1: acts as `system:serviceaccount:pulumi-kubefleet:fleet-" in told
    assert f"(mode `service-account-token`, tokens of 15m); gains 13 rights: {EACH} configmaps `a` in namespace" in told
    told = stack.up()
    assert "us-1 is pending: left out: its fence lets " in told
    assert (settings("eu-1"), settings("us-1")) == ({"configmap/a"}, set())
    # The decision stays; the next run tries again, and tells nothing of where it has all that it needs.
    told = stack.preview()
    assert "us-1: left out: " in told
    assert "acts as" not in told
    assert "us-1" in stack.plan()["web"]

    join("us-1", SPACE)
    told = stack.preview()
    assert "us-1: acts as `system:serviceaccount:pulumi-kubefleet:fleet-" in told
    assert "left out" not in told
    stack.up()
    assert settings("us-1") == {"configmap/a"}
    told = stack.preview()
    assert "acts as" not in told
    assert "gains" not in told

    # Where several members are alike they are told together.
    write('config_map("b")', more=SKIP)
    told = stack.preview()
    assert "eu-1, us-1: acts as " in told
    assert f"; gains 4 rights: {EACH} configmaps `b` in namespace `acting`; loses 4 rights: {EACH}" in told
    stack.up()
    write('config_map("b")', "eu-1", more=SKIP)
    assert "us-1: loses all its rights, once nothing of it is there" in stack.preview()
    stack.up()
    assert "rights" not in stack.preview()

    # A Secret that another placement has recorded would be readable by whoever may write it.
    theirs = InventoryObject(
        "f" * 16, "blog", "blog", "s", "c", "r", objects=(ObjectRef("v1", "Secret", SPACE, "pass"),)
    )
    stack.kubectl("eu-1", "apply", "-f", "-", stdin=json.dumps(format_inventory_object(theirs)))
    secret = '{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "pass"}, "stringData": {"a": "b"}}'
    write(secret, "eu-1")
    told = stack.preview(code=-1)
    assert "eu-1: Secret `acting/pass` is another placement's, and a right to write it shows it." in told
    stack.kubectl("eu-1", "delete", "configmap", theirs.uid, "-n", "pulumi-kubefleet")
