"""`on_existing`, `on_drift`, `on_delete` and `on_immutable` of a placement, from the program to the cluster."""

import json

import pytest

pytestmark = pytest.mark.engine

PLACEMENT = """fleet.placement("web", manifests=[NAMESPACE, {objects}], policy=PickFixed("eu-1"), {options})"""


OTHER = """
labels = {"app": "other"}
OTHER = deployment()
OTHER["spec"]["selector"] = {"matchLabels": labels}
OTHER["spec"]["template"]["metadata"] = {"labels": labels}
"""


def define(stack, lines):
    """Lines of the program before its placement."""
    program = stack.folder / "__main__.py"
    program.write_text(program.read_text().replace("fleet.placement(", f"{lines}\nfleet.placement("))


def get(stack, *arguments):
    return json.loads(stack.kubectl("eu-1", "get", *arguments, "-n", "shop", "-o", "json"))


def write(stack, objects, **options):
    written = ", ".join(f"{key}={value!r}" for key, value in options.items())
    stack.write(PLACEMENT.format(objects=objects, options=written))


@pytest.mark.usefixtures("namespaces_of_joins")
def test_what_is_there_is_taken_over_its_drift_reported_replaced_and_in_the_end_orphaned(stack):
    theirs = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings", "namespace": "shop"},
        "data": {"color": "red", "old": "1"},
    }
    stack.kubectl("eu-1", "create", "namespace", "shop")
    try:
        stack.kubectl("eu-1", "apply", "-f", "-", stdin=json.dumps(theirs))
        write(stack, 'config_map(color="blue")', on_existing="take_over_if_same")
        text = stack.up(code=-1)
        assert "ConfigMap shop/settings belongs to `kubectl-client-side-apply` (fields .data.color" in text
        assert "It is not the same" in text
        options = {"on_existing": "take_over", "on_drift": "report", "on_delete": "orphan", "on_immutable": "replace"}
        write(stack, 'config_map(color="blue"), deployment()', **options)
        stack.up()
        assert get(stack, "cm", "settings")["data"] == {"color": "blue"}
        stack.kubectl("eu-1", "scale", "deploy", "web", "-n", "shop", "--replicas=1")
        patch = '{"data": {"color": "green"}}'
        stack.kubectl("eu-1", "patch", "cm", "settings", "-n", "shop", "--type=merge", "-p", patch)
        write(stack, 'config_map(color="blue", size="1"), OTHER', **options)
        define(stack, OTHER)
        text = stack.up()
        assert "eu-1: drift, left as it is: ConfigMap shop/settings: .data.color changed by `kubectl-patch`" in text
        assert get(stack, "cm", "settings")["data"] == {"color": "green", "size": "1"}
        assert get(stack, "deploy", "web")["spec"]["selector"] == {"matchLabels": {"app": "other"}}
        stack.run("destroy", "--yes")
        left = get(stack, "cm", "settings")
        assert left["data"] == {"color": "green", "size": "1"}
        assert "annotations" not in left["metadata"]
        assert get(stack, "deploy", "web")["spec"]["replicas"] == 3
        assert "pulumi-kubefleet" not in stack.kubectl("eu-1", "get", "namespaces", "-o", "name")
    finally:
        stack.kubectl("eu-1", "delete", "namespace", "shop", "--wait")


def test_a_word_that_is_none_is_a_mistake_in_the_preview(stack):
    write(stack, "config_map()", on_existing="takeover", on_delete="keep")
    text = stack.preview(code=-1)
    assert "placements.web.on_existing: unknown value `takeover`" in text
    assert "Did you mean `take_over`?" in text
    assert "placements.web.on_delete: unknown value `keep`" in text
