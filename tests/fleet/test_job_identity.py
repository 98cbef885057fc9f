"""A job of a fleet that acts as no admin: who has written what, by the members' audit logs, and what is left."""

import json
from collections import Counter
from typing import Any

import pytest

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("namespaces_of_joins")]

SPACE, HOME = "acting", "pulumi-kubefleet"
ACCOUNTS = f"system:serviceaccount:{HOME}:"
PROGRAM = """
import pulumi
from pulumi_kubefleet import *

QUICK = {{f"lab.pulumi-kubefleet/{{stage}}-after": "50ms" for stage in ("start", "ready", "complete", "stop")}}
container = {{"name": "main", "image": "sweep:1", "resources": {{"requests": {{"cpu": "1"}}}}}}
pod = {{"metadata": {{"annotations": QUICK}}, "spec": {{"restartPolicy": "Never", "containers": [container]}}}}
fleet = Fleet("shop", identity=IdentityFederation(namespaces=["{space}"]))
for name in ("eu-1", "us-1"):
    fleet.member(name, context=name, join=True)
fleet.job("sweep", template={{"spec": {{"template": pod}}}}, completions=40, namespace="{inside}", wait="completed")
"""


def write(stack: Any, inside: str = SPACE) -> None:
    (stack.folder / "__main__.py").write_text(PROGRAM.format(space=SPACE, inside=inside))


def test_a_job_is_dispatched_by_its_own_identity_and_leaves_it_no_rights(stack: Any) -> None:
    write(stack, "default")
    assert "jobs.sweep.template: namespace `default` is outside the ceiling" in stack.preview(code=-1)
    write(stack)
    stack.preview()
    mark = stack.events()
    stack.up()
    uid = next(item["outputs"]["plan"]["uid"] for item in stack.state() if item["type"].endswith("Dispatch"))
    writers: dict[str, set[str]] = {}
    indexes: Counter[int] = Counter()
    for cluster in ("eu-1", "us-1"):
        for item in stack.lab.writes(cluster, mark[cluster]):
            if item.resource == "jobs":
                writers.setdefault(item.user, set()).add(item.verb)
        found = json.loads(stack.kubectl(cluster, "get", "pods", "-n", SPACE, "-o", "json"))["items"]
        # The join has brought the policy by which pods see their index.
        indexes.update(int(pod["metadata"]["annotations"]["pulumi-kubefleet/index"]) for pod in found)
        roles = stack.kubectl(cluster, "get", "roles", "-n", SPACE, "-o", "name").split()
        assert [name for name in roles if f"fleet-{uid}" in name] == []
    controller = "system:serviceaccount:kube-system:job-controller"
    assert set(writers) - {controller} == {f"{ACCOUNTS}fleet-{uid}"}
    assert indexes == Counter(range(40))
    assert "updated" not in stack.up()
    stack.run("destroy", "--yes")
    for cluster in ("eu-1", "us-1"):
        assert stack.kubectl(cluster, "get", "jobs", "-n", SPACE, "-o", "name").split() == []
        accounts = stack.kubectl(cluster, "get", "serviceaccounts", "-n", HOME, "-o", "name")
        assert f"fleet-{uid}" not in accounts
