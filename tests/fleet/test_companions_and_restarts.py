"""What stands beside a workload: its disruption budget is divided with it, its settings restart it where asked to."""

import json

import pytest

pytestmark = pytest.mark.engine

PROGRAM = """
web = deployment(replicas=12)
web["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [{{"configMapRef": {{"name": "settings"}}}}]
budget = {{"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {{"name": "web", "namespace": "shop"}},
          "spec": {{"minAvailable": {least}, "selector": {{"matchLabels": {{"app": "web"}}}}}}}}
fleet.placement("web", manifests=[NAMESPACE, config_map(color="{color}"), web, budget],
                policy=PickFixed("eu-1", "us-1"), replicas=Divided(weights={{"eu-1": 2}}), restart_on={restart_on!r})
"""


def write(stack, color="blue", least=9, restart_on=()):
    stack.write(PROGRAM.format(color=color, least=least, restart_on=list(restart_on)))


def get(stack, cluster, kind, name):
    return json.loads(stack.kubectl(cluster, "get", kind, name, "-n", "shop", "-o", "json"))


def template(stack):
    return get(stack, "eu-1", "deploy", "web")["spec"]["template"]


def test_a_budget_is_divided_with_its_pods_and_settings_restart_them_where_asked_to(stack):
    write(stack, least=12)
    assert "budget web allows no eviction on eu-1: minAvailable 8 of 8" in stack.preview()
    write(stack)
    assert "budget web: minAvailable 6 on eu-1, minAvailable 3 on us-1" in stack.preview()
    stack.up()
    least = [get(stack, cluster, "pdb", "web")["spec"]["minAvailable"] for cluster in ("eu-1", "us-1")]
    assert least == [6, 3]
    first = template(stack)
    write(stack, color="red")
    warning = "config changed (ConfigMap/shop/settings), pods of web will not restart"
    assert warning in stack.preview()
    stack.up()
    assert template(stack) == first
    write(stack, color="green", restart_on=["ConfigMap/settings"])
    assert warning not in stack.preview()
    stack.up()
    assert template(stack) != first
    before = stack.events()
    assert "to update" not in stack.run("up", "--yes").stdout
    assert stack.writes(before) == []
