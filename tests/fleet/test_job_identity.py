"""A job of a fleet that acts as no admin: who has written what, by the members' audit logs, and what is left."""

import json
from collections import Counter
from typing import Any

import pytest

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("namespaces_of_joins")]

SPACE, HOME = "acting", "pulumi-kubefleet"
OF = "pulumi-kubefleet/job"
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


GANG = """
container = {"name": "main", "image": "mesh:1", "resources": {"requests": {"cpu": "3500m"}}}
pod = {"metadata": {"annotations": QUICK}, "spec": {"restartPolicy": "Never", "containers": [container]}}
mesh = {"spec": {"completions": 12, "template": pod}}
fleet.job("mesh", template=mesh, gang="all-or-nothing", namespace="acting", wait="completed")
"""


def write(stack: Any, inside: str = SPACE, more: str = "") -> None:
    (stack.folder / "__main__.py").write_text(PROGRAM.format(space=SPACE, inside=inside) + more)


def uid_of(stack: Any, name: str) -> str:
    found = (item for item in stack.state() if item["type"].endswith("Dispatch") and name in item["urn"])
    return str(next(found)["outputs"]["plan"]["uid"])


def writers(stack: Any, since: dict[str, int]) -> dict[str, set[tuple[str, str]]]:
    """Who but controllers has done what to which Jobs."""
    found: dict[str, set[tuple[str, str]]] = {}
    for cluster in ("eu-1", "us-1"):
        for item in stack.lab.writes(cluster, since[cluster]):
            if item.resource == "jobs" and not item.user.startswith("system:serviceaccount:kube-system:"):
                found.setdefault(item.user, set()).add((item.verb, item.name))
    return found


def rights_left(stack: Any, uid: str) -> list[str]:
    roles = [
        name for at in ("eu-1", "us-1") for name in stack.kubectl(at, "get", "roles", "-n", SPACE, "-o", "name").split()
    ]
    return [name for name in roles if f"fleet-{uid}" in name]


def test_jobs_are_dispatched_by_identities_of_their_own_and_leave_them_no_rights(stack: Any) -> None:
    write(stack, "default")
    assert "jobs.sweep.template: namespace `default` is outside the ceiling" in stack.preview(code=-1)
    write(stack)
    stack.preview()
    mark = stack.events()
    stack.up()
    uid = uid_of(stack, "sweep")
    indexes: Counter[int] = Counter()
    for cluster in ("eu-1", "us-1"):
        found = json.loads(stack.kubectl(cluster, "get", "pods", "-n", SPACE, "-o", "json"))["items"]
        # The join has brought the policy by which pods see their index.
        indexes.update(int(pod["metadata"]["annotations"]["pulumi-kubefleet/index"]) for pod in found)
    assert indexes == Counter(range(40))
    assert set(writers(stack, mark)) == {f"{ACCOUNTS}fleet-{uid}"}
    assert rights_left(stack, uid) == []

    # A gang writes more: what holds its room, which is gone when it begins.
    write(stack, more=GANG)
    mark = stack.events()
    stack.up()
    mesh = uid_of(stack, "mesh")
    assert writers(stack, mark) == {
        f"{ACCOUNTS}fleet-{mesh}": {
            ("patch", "mesh-g1"),
            ("patch", "mesh-g1-hold"),
            ("delete", "mesh-g1-hold"),
        }
    }
    done = [
        json.loads(stack.kubectl(at, "get", "jobs", "-n", SPACE, "-l", f"{OF}={mesh}", "-o", "json"))["items"]
        for at in ("eu-1", "us-1")
    ]
    assert [sum(job["status"]["succeeded"] for job in at) for at in done] == [8, 4]
    assert rights_left(stack, mesh) == []

    assert "updated" not in stack.up()
    stack.run("destroy", "--yes")
    for cluster in ("eu-1", "us-1"):
        assert stack.kubectl(cluster, "get", "jobs", "-n", SPACE, "-o", "name").split() == []
        accounts = stack.kubectl(cluster, "get", "serviceaccounts", "-n", HOME, "-o", "name")
        assert [name for name in (uid, mesh) if f"fleet-{name}" in accounts] == []
