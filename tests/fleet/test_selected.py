"""Two workloads of one namespace, each placed by itself; what they share follows each."""

import json

import pytest

pytestmark = pytest.mark.engine

FOLDER = """
def naming(name):
    made = deployment(name)
    made["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [{"configMapRef": {"name": "settings"}}]
    made["spec"]["template"]["spec"]["volumes"] = [{"name": "tls", "secret": {"secretName": "tls", "optional": name == "api"}}]
    return made

FOLDER = [config_map(a="1"), config_map("of-nobody"), naming("web"), naming("api")]

def part(name, cluster):
    fleet.placement(name, manifests=FOLDER, select=f"Deployment/{name}", create_namespace=True,
                    policy=PickFixed(*cluster.split()))
"""  # noqa: E501


def held(stack, cluster):
    names = stack.kubectl(cluster, "get", "deploy,cm", "-n", "shop", "-o", "name").split()
    return {name.rpartition("/")[2] for name in names} - {"kube-root-ca.crt"}


def test_what_two_workloads_share_follows_each_and_the_preview_lists_it(stack):
    stack.write(f'{FOLDER}\npart("web", "eu-1")\npart("api", "us-1")')
    shown = stack.preview()
    assert (
        "web takes Deployment/shop/web; ConfigMap/shop/settings follows; not in the manifests: Secret/shop/tls" in shown
    )
    assert "api takes Deployment/shop/api; ConfigMap/shop/settings follows" in shown
    assert "no placement takes v1/ConfigMap/shop/of-nobody" in shown
    stack.up()
    assert held(stack, "eu-1") == {"web", "settings"}
    assert held(stack, "us-1") == {"api", "settings"}
    mark = stack.events()
    assert "updated" not in stack.up()
    assert stack.writes(mark) == []


def test_removing_one_leaves_the_other_whole_and_the_last_one_takes_all(stack):
    stack.write(f'{FOLDER}\npart("web", "eu-1")\npart("api", "eu-1")')
    stack.up()
    assert held(stack, "eu-1") == {"web", "api", "settings"}
    stack.write(f'{FOLDER}\npart("web", "eu-1")')
    stack.up()
    assert held(stack, "eu-1") == {"web", "settings"}
    stack.write("")
    stack.up()
    assert "namespace/shop" not in stack.kubectl("eu-1", "get", "namespaces", "-o", "name").split()


def test_a_namespace_is_made_where_it_is_missing_and_used_as_it_is_where_it_exists(stack):
    label = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"team": "a"}}}
    stack.kubectl("us-1", "create", "-f", "-", stdin=json.dumps(label))
    try:
        stack.write(f'{FOLDER}\npart("web", "eu-1 us-1")')
        stack.up()
        assert stack.replicas("web") == {"eu-1": 3, "us-1": 3}
        there = json.loads(stack.kubectl("us-1", "get", "namespace", "shop", "-o", "json"))["metadata"]
        assert there["labels"]["team"] == "a"
        assert "annotations" not in there
        stack.run("destroy", "--yes")
        assert "namespace/shop" not in stack.kubectl("eu-1", "get", "namespaces", "-o", "name").split()
        assert "namespace/shop" in stack.kubectl("us-1", "get", "namespaces", "-o", "name").split()
    finally:
        stack.kubectl("us-1", "delete", "namespace", "shop")


def test_a_workload_in_two_placements_of_one_cluster_is_a_mistake_before_anything_is_written(stack):
    stack.write(
        'fleet.placement("a", manifests=deployment(), create_namespace=True, policy=PickFixed("eu-1"))\n'
        'fleet.placement("b", manifests=deployment(), create_namespace=True, policy=PickFixed("eu-1", "eu-2"))'
    )
    shown = stack.preview(code=-1)
    assert "placements.b.manifests: `apps/v1/Deployment/shop/web` is on eu-1 by placement `a` too" in shown
    assert "on eu-2" not in shown
