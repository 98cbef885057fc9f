"""A divided StatefulSet whose pods have numbers of their own on each cluster."""

import json

import pytest

pytestmark = pytest.mark.engine

DB = """
labels = {{"app": "db"}}
DB = {{"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {{"name": "db", "namespace": "shop"}}, "spec": {{
    "replicas": {replicas}, "serviceName": "db", "selector": {{"matchLabels": labels}},
    "template": {{"metadata": {{"labels": labels}}, "spec": {{"containers": [{{"name": "db", "image": "db:1"}}]}}}}}}}}
fleet.placement("db", manifests=[NAMESPACE, DB], policy=PickFixed({clusters}), replicas=Divided({how}))
"""


def write(stack, replicas, *clusters, how="ordinals=True"):
    names = ", ".join(f'"{name}"' for name in clusters)
    stack.write(DB.format(replicas=replicas, clusters=names, how=how))


def pods(stack, cluster):
    """Names and uids."""
    text = stack.kubectl(cluster, "get", "pods", "-n", "shop", "-o", "json")
    return {item["metadata"]["name"]: item["metadata"]["uid"] for item in json.loads(text)["items"]}


def test_no_two_pods_have_a_name_and_none_is_renamed_when_others_come_and_go(stack):
    write(stack, 3, "eu-2", "us-1")
    assert "us-1 counts from 1000" in stack.preview()
    stack.up()
    eu, us = pods(stack, "eu-2"), pods(stack, "us-1")
    assert sorted(eu) == ["db-0", "db-1"]
    assert sorted(us) == ["db-1000"]
    assert "to update" not in stack.run("up", "--yes").stdout

    # More pods and one more cluster, which would be first by name.
    write(stack, 6, "eu-1", "eu-2", "us-1")
    assert "eu-1 counts from 2000" in stack.preview()
    stack.up()
    assert sorted(pods(stack, "eu-1")) == ["db-2000", "db-2001"]
    assert pods(stack, "eu-2") == eu
    now = pods(stack, "us-1")
    assert sorted(now) == ["db-1000", "db-1001"]
    assert now["db-1000"] == us["db-1000"]

    # Pods that stand are not given other numbers.
    write(stack, 6, "eu-1", "eu-2", "us-1", how="")
    assert "placements.db.replicas.ordinals: its pods stand on eu-1, us-1 as they are numbered" in stack.preview(
        code=-1
    )


def test_ranges_are_for_stateful_sets(stack):
    stack.write(
        'fleet.placement("web", manifests=[NAMESPACE, deployment()], policy=PickN(2), replicas=Divided(ordinals=True))'
    )
    assert "placements.web.replicas.ordinals: none of its objects is a StatefulSet" in stack.preview(code=-1)
