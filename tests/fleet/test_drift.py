"""A refresh shows what others have changed, and the next `up` corrects it."""

import json

import pytest

pytestmark = pytest.mark.engine


def get(stack, kind, name):
    return json.loads(stack.kubectl("eu-1", "get", kind, name, "-n", "shop", "-o", "json"))


def test_a_refresh_shows_drift_by_object_and_field_and_the_next_up_corrects_it(stack):
    door = '{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "door", "namespace": "shop"}, "data": DATA}'
    stack.write(
        'DATA = {"key": "aHVudGVyMg=="}\n'
        f"fleet.placement('web', manifests=[NAMESPACE, config_map(a='1'), deployment(), {door}], "
        "policy=PickFixed('eu-1'))"
    )
    stack.up()
    before = stack.events()
    assert "drift" not in stack.run("refresh", "--yes").stdout
    stack.kubectl("eu-1", "set", "image", "deploy/web", "web=web:hot", "-n", "shop")
    patch = '{"data": {"key": "c2VzYW1l"}}'
    stack.kubectl("eu-1", "patch", "secret", "door", "-n", "shop", "--type=merge", "-p", patch)
    stack.kubectl("eu-1", "delete", "cm", "settings", "-n", "shop")
    assert stack.writes(before) != []
    shown = stack.run("refresh", "--yes", "--diff").stdout
    assert "Deployment shop/web: .spec.template.spec.containers[name=web].image changed by `kubectl-set`" in shown
    assert "Secret shop/door: .data.key changed by `kubectl-patch`" in shown
    assert "ConfigMap shop/settings: deleted" in shown
    assert "c2VzYW1l" not in shown
    stack.up()
    assert get(stack, "deploy", "web")["spec"]["template"]["spec"]["containers"][0]["image"] == "web:1"
    assert get(stack, "secret", "door")["data"] == {"key": "aHVudGVyMg=="}
    assert get(stack, "cm", "settings")["data"] == {"a": "1"}
    before = stack.events()
    assert "to update" not in stack.run("up", "--yes", "--refresh").stdout
    assert stack.writes(before) == []
