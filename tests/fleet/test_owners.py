"""Somebody else's objects, shared objects, and what is left behind."""

import json

import pytest

pytestmark = pytest.mark.engine


def test_an_object_of_somebody_else_is_refused_by_manager_and_field_and_nothing_is_written_there(stack):
    foreign = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings", "namespace": "default"},
        "data": {"color": "red"},
    }
    stack.kubectl("eu-1", "apply", "--server-side", "--field-manager=helm", "-f", "-", stdin=json.dumps(foreign))
    try:
        mine = {**foreign, "data": {"color": "blue"}}
        other = {**foreign, "metadata": {"name": "other", "namespace": "default"}}
        stack.write(f'fleet.placement("a", manifests=[{mine!r}, {other!r}], policy=PickFixed("eu-1"))')
        before = stack.events()
        text = stack.up(code=-1)
        assert "a/all failed: eu-1: nothing applied: ConfigMap default/settings belongs to `helm`" in text
        assert "data.color" in text
        assert stack.writes(before) == []
        assert "blue" not in stack.kubectl("eu-1", "get", "cm", "settings", "-o", "yaml")
    finally:
        stack.kubectl("eu-1", "delete", "cm", "settings")


def test_two_placements_share_a_namespace_and_removing_one_leaves_the_other_whole(stack):
    web = 'fleet.placement("web", manifests=[NAMESPACE, config_map(a="1"), deployment()], policy=PickFixed("eu-1"))'
    api = (
        'fleet.placement("api", manifests=[NAMESPACE, config_map(a="1"), deployment("api")], policy=PickFixed("eu-1"))'
    )
    stack.write(f"{web}\n{api}")
    stack.up()
    stack.write(web)
    stack.up()
    names = stack.kubectl("eu-1", "get", "deploy,cm", "-n", "shop", "-o", "name").split()
    assert "deployment.apps/web" in names
    assert "configmap/settings" in names
    assert "deployment.apps/api" not in names


def test_shared_objects_with_different_content_are_a_mistake_that_names_both(stack):
    stack.write(
        'fleet.placement("web", manifests=[NAMESPACE, config_map(a="1")])\n'
        'fleet.placement("api", manifests=[NAMESPACE, config_map(a="2")])'
    )
    text = stack.preview(code=-1)
    assert "v1/ConfigMap/shop/settings" in text
    assert "placement `api`" in text


@pytest.mark.usefixtures("namespaces_of_joins")
def test_destroy_leaves_nothing(stack):
    stack.write('fleet.placement("web", manifests=[NAMESPACE, config_map(), deployment()])')
    stack.up()
    assert set(stack.replicas("web")) == {"eu-1", "eu-2", "us-1"}
    stack.run("destroy", "--yes")
    for cluster in ("eu-1", "eu-2", "us-1"):
        names = set(stack.kubectl(cluster, "get", "namespaces", "-o", "name").split())
        assert not names & {"namespace/shop", "namespace/pulumi-kubefleet"}


def test_an_object_that_leaves_the_manifests_is_pruned(stack):
    stack.write('fleet.placement("web", manifests=[NAMESPACE, config_map(), deployment()], policy=PickFixed("eu-1"))')
    stack.up()
    stack.write('fleet.placement("web", manifests=[NAMESPACE, deployment()], policy=PickFixed("eu-1"))')
    stack.up()
    assert "settings" not in stack.kubectl("eu-1", "get", "cm", "-n", "shop", "-o", "name")
    assert stack.replicas("web") == {"eu-1": 3}


def test_a_placement_whose_namespace_nobody_brings_is_unplaced_and_the_others_are_placed(stack):
    good = 'fleet.placement("web", manifests=[NAMESPACE, deployment()], policy=PickFixed("eu-1"))'
    bad = (
        'fleet.placement("bad", manifests=[{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", '
        '"namespace": "absent"}}], policy=PickN(1))'
    )
    stack.write(f"{good}\n{bad}")
    text = stack.up(code=0)
    assert "bad: 1 unplaced" in text
    assert "3 namespace is missing: absent" in text
    assert stack.replicas("web") == {"eu-1": 3}
