"""Secrets in manifests stay secret."""

import base64

import pytest

pytestmark = pytest.mark.engine

VALUE = "correct horse battery staple"


def test_a_secret_is_applied_and_is_nowhere_in_plain_text(stack):
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "door", "namespace": "shop"},
        "stringData": {"password": VALUE},
    }
    stack.write(f'fleet.placement("web", manifests=[NAMESPACE, {secret!r}], policy=PickFixed("eu-1"))')
    texts = [stack.run("preview", "--diff").stdout, stack.run("preview", "--json").stdout, stack.up()]
    texts.append(stack.run("stack", "export").stdout)
    coded = base64.b64encode(VALUE.encode()).decode()
    assert stack.kubectl("eu-1", "get", "secret", "door", "-n", "shop", "-o", "jsonpath={.data.password}") == coded
    texts += [path.read_text() for path in (stack.pulumi.folder / "state").rglob("*.json") if "program" in str(path)]
    for text in texts:
        assert VALUE not in text
        assert coded not in text


def test_a_changed_secret_changes_the_revision_and_is_applied(stack):
    def write(value):
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "door", "namespace": "shop"},
            "data": {"password": base64.b64encode(value.encode()).decode()},
        }
        stack.write(f'fleet.placement("web", manifests=[NAMESPACE, {secret!r}], policy=PickFixed("eu-1"))')

    write("one")
    stack.up()
    write("two")
    stack.up()
    coded = stack.kubectl("eu-1", "get", "secret", "door", "-n", "shop", "-o", "jsonpath={.data.password}")
    assert base64.b64decode(coded).decode() == "two"
    assert "to update" not in stack.run("preview").stdout
