"""A StatefulSet with volumes stays where its data is, and its claims outlive it."""

import json

import pytest

pytestmark = pytest.mark.engine

DB = """
labels = {"app": "db"}
fleet.placement("db", manifests=[NAMESPACE, {
    "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db", "namespace": "shop"},
    "spec": {
        "serviceName": "db", "replicas": 2, "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [
            {"name": "db", "image": "db:1", "volumeMounts": [{"name": "data", "mountPath": "/data"}]}]}},
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {
            "accessModes": ["ReadWriteOnce"], "storageClassName": "by-hand",
            "resources": {"requests": {"storage": "1Gi"}}}}],
    }}], policy=PickN(1)%s)
"""


def members(taint: str = "") -> str:
    taints = f', taints=[Taint("maintenance", effect="{taint}")]' if taint else ""
    return f"""
fleet.member("eu-1", context="eu-1"{taints})
fleet.member("eu-2", context="eu-2")
"""


@pytest.fixture
def volumes(stack):
    """Two volumes on each of two clusters; deleted with the claims afterwards."""
    made = [volume(number) for number in range(2)]
    both = json.dumps({"apiVersion": "v1", "kind": "List", "items": made})
    for cluster in ("eu-1", "eu-2"):
        stack.kubectl(cluster, "apply", "-f", "-", stdin=both)
    yield
    stack.run("destroy", "--yes")
    for cluster in ("eu-1", "eu-2"):
        stack.kubectl(cluster, "delete", "namespace", "shop", "--ignore-not-found")
        stack.kubectl(cluster, "delete", "pv", *(item["metadata"]["name"] for item in made))


def volume(number: int) -> dict:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"disk-{number}"},
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "by-hand",
            "hostPath": {"path": f"/nowhere/{number}"},
        },
    }


def claims(stack, cluster: str) -> list[tuple[str, str]]:
    found = json.loads(stack.kubectl(cluster, "get", "pvc", "-n", "shop", "-o", "json"))["items"]
    return [(item["metadata"]["name"], item["metadata"]["uid"]) for item in found]


def test_a_stateful_set_with_volumes_is_not_moved_and_its_claims_survive(stack, volumes):
    stack.write(DB % "", members=members())
    stack.up()
    (home,) = [cluster for cluster in ("eu-1", "eu-2") if stack.plan()["db"] == cluster]
    assert home == "eu-1"
    before, mark = claims(stack, home), stack.events()
    assert [name for name, _ in before] == ["data-db-0", "data-db-1"]

    stack.write(DB % "", members=members("NoExecute"))
    told = stack.preview(code=-1)
    assert "placements.db.data: StatefulSet/shop/db has data on eu-1, which does not move" in told
    assert "eu-1 is tainted NoExecute maintenance" in told
    stack.up(code=-1)
    assert stack.writes(mark) == []

    stack.write(DB % ', data="replicated"', members=members("NoExecute"))
    assert "move 1 of db: eu-1 -> eu-2" in stack.preview()
    stack.up()
    assert stack.plan() == {"db": "eu-2"}
    assert claims(stack, "eu-1") == before

    there = claims(stack, "eu-2")
    stack.run("destroy", "--yes")
    assert claims(stack, "eu-2") == there
    assert claims(stack, "eu-1") == before
