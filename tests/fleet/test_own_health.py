"""Health checks of the user's own: a rollout waits for them, and mistakes in them show in the preview."""

import json
import subprocess
import sys

import pytest
import yaml
from widget_controller import EXAMPLE, widget_controller

pytestmark = pytest.mark.engine

CEL = "object.status.phase == 'Running' && object.status.replicas >= 3"
CHECK = f'HealthCheck(kind="example.com/Widget", cel="{CEL}")'
WIDGETS = """
DEFINITION = {definition!r}
WIDGET = {{"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {{"name": "main", "namespace": "shop"}},
           "spec": {{"replicas": {replicas}}}}}
fleet.placement("widgets", manifests=[NAMESPACE, DEFINITION, WIDGET], policy=PickFixed("eu-1", "us-1"),
    strategy=RollingUpdate(max_unavailable=1, progress_deadline="{deadline}s"), health=[{health}])
"""
DEFINITION = yaml.safe_load((EXAMPLE / "k8s" / "definition.yaml").read_text())


def widgets(*, replicas=3, deadline=60, health=CHECK) -> str:
    return WIDGETS.format(definition=DEFINITION, replicas=replicas, deadline=deadline, health=health)


def replicas_of(stack, cluster) -> int:
    return json.loads(stack.kubectl(cluster, "get", "widget", "main", "-n", "shop", "-o", "json"))["spec"]["replicas"]


def states(stack) -> dict[str, str]:
    """What `kubefleet status` says of each cluster."""
    command = [sys.executable, "-m", "kubefleet.cli.main", "status", "-o", "json", "--cwd", str(stack.folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=stack.pulumi.environment)
    return {row["cluster"]: row["state"] for row in json.loads(done.stdout)["shop"]}


def test_a_check_holds_a_rollout_until_it_is_true(stack):
    environment = stack.pulumi.environment
    stack.write(widgets())
    with widget_controller(environment, "eu-1", "us-1"):
        stack.up()

    # The first of the two clusters does not get well: the second is not touched. The check asks for what the old copies
    # do not have, which does not make them broken ones that may all be mended at once.
    cel = CEL.replace(">= 3", ">= 4")
    stack.write(widgets(replicas=4, deadline=8, health=CHECK.replace(CEL, cel)))
    since = stack.events()
    why = f"eu-1: Widget shop/main is not available: `{cel}` is false when its time was up"
    with widget_controller(environment, "eu-1", phase="Pending"):
        assert why in stack.up(code=-1)
        # Nor is it when the rollout is tried again.
        assert why in stack.up(code=-1)
    assert [replicas_of(stack, cluster) for cluster in ("eu-1", "us-1")] == [4, 3]
    assert {cluster for cluster, *_ in stack.writes(since)} == {"eu-1"}

    with widget_controller(environment, "eu-1", "us-1"):
        stack.up()
    assert [replicas_of(stack, cluster) for cluster in ("eu-1", "us-1")] == [4, 4]

    assert states(stack) == {"eu-1": "available", "us-1": "available"}
    status = {"status": {"phase": "Pending"}}
    patch = ("--subresource=status", "--type=merge", f"--patch={json.dumps(status)}")
    stack.kubectl("us-1", "patch", "widget", "main", "-n", "shop", *patch)
    assert states(stack) == {"eu-1": "available", "us-1": "not available"}

    # A changed check is a change of the program, and none of the objects.
    stack.write(widgets(replicas=4, deadline=8, health=CHECK.replace(">= 3", ">= 2")))
    assert "diff: ~placements" in stack.preview()
    since = stack.events()
    stack.up()
    assert stack.writes(since) == []
    assert "to update" not in stack.run("preview").stdout


MISTAKES = """
fleet.placement("web", manifests=[NAMESPACE, deployment()], policy=PickFixed("eu-1"), health=[
    HealthCheck(kind="apps/Deployment", cel="size(object.spec.template.spec.containers) == '1'"),
    HealthCheck(kind="apps/Deployment", cel="object.status.replicas >"),
    HealthCheck(object="Deployment/shop/wbe", jsonpath="$.status[", value=pulumi.Output.secret("hunter2")),
    HealthCheck(kind="Widget", function="nowhere:ready"), HealthCheck(kind="apps/Deployment", sel="true"),
    HealthCheck(kind="apps/Deployment", cel=pulumi.Output.secret("hunter2 +"))])
"""


def test_all_mistakes_in_checks_show_in_the_preview_with_a_caret(stack):
    stack.write(MISTAKES)
    told = stack.preview(code=-1)
    lines = told.splitlines()
    at = next(i for i, line in enumerate(lines) if "placements.web.health[0].cel: found no matching overload" in line)
    assert "__main__.py:9: " in lines[at]
    assert lines[at + 1].lstrip() == "size(object.spec.template.spec.containers) == '1'"
    assert lines[at + 2].index("^") == lines[at + 1].index("== '1'")
    for mistake in (
        "placements.web.health[1].cel: Syntax error",
        "placements.web.health[2].object: it has no object `Deployment/shop/wbe`",
        "Did you mean `Deployment/shop/web`?",
        "placements.web.health[2].jsonpath: unexpected end of query",
        "placements.web.health[2].value: a secret (expected none",
        "placements.web.health[3].kind: none of its objects is of kind `Widget`",
        "placements.web.health[3].function: `nowhere` cannot be imported",
        "placements.web.health[4].sel: unknown field `sel`",
        "placements.web.health[5].cel: a secret (expected none",
    ):
        assert mistake in told, told
    assert "hunter2" not in told


AGENT = """
labels = {{"app": "agent"}}
AGENT = {{"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {{"name": "agent", "namespace": "shop"}}, "spec": {{
    "selector": {{"matchLabels": labels}},
    "template": {{"metadata": {{"labels": labels}}, "spec": {{"containers": [{{"name": "a", "image": "a:1"}}]}}}}}}}}
fleet.placement("agent", manifests=[NAMESPACE, AGENT], policy=PickFixed("eu-1"),
    strategy=RollingUpdate(progress_deadline="8s"), health=[{}])
"""
FULL = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "full"}}
"""It has no room for a pod."""


def test_a_daemon_set_that_may_lack_a_pod_does_not_wait_for_a_node_that_has_no_room(stack):
    stack.kubectl("eu-1", "apply", "-f", "-", stdin=json.dumps(FULL))
    try:
        stack.write(AGENT.format(""))
        assert "eu-1: DaemonSet shop/agent is not available: 4 of 5 pods available" in stack.up(code=-1)
        stack.write(AGENT.format('HealthCheck(kind="DaemonSet", tolerate_unavailable=1)'))
        stack.up()
    finally:
        stack.kubectl("eu-1", "delete", "node", "full")
