import time
from dataclasses import replace

import pytest
from lab_objects import crd

from kubefleet.kube.errors import Cancelled
from kubefleet.kube.fan_out import fan_out
from kubefleet.kube.inventory_store import read_inventory_object, write_inventory_object
from kubefleet.kube.member_apply import Wanted, complete, place, remove
from kubefleet.kube.object_access import find
from kubefleet.kube.object_ref import ObjectRef, ref_of
from kubefleet.kube.ownership import owners
from kubefleet.kube.patience import Patience
from kubefleet.kube.placement_identity import PlacementIdentity

pytestmark = pytest.mark.lab

WEB = PlacementIdentity("d4" * 8, "web", "prod", "shop")
API = PlacementIdentity("e5" * 8, "api", "prod", "shop")
KEEPER = PlacementIdentity("f6" * 8, "keeper", "prod", "shop")
HOME = ObjectRef("v1", "Namespace", "", "pulumi-kubefleet")


def patience(seconds: float = 60) -> Patience:
    return Patience(15, time.monotonic() + seconds)


def namespace(name: str) -> dict:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def config(name: str = "settings", space: str = "pruned", **data: str) -> dict:
    metadata = {"name": name, "namespace": space}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data or {"color": "blue"}}


def deployment(space: str = "pruned") -> dict:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": space},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                # A namespace that is to go waits for half of its pods' grace period.
                "spec": {"terminationGracePeriodSeconds": 1, "containers": [{"name": "web", "image": "web:1"}]},
            },
        },
    }


def claim() -> dict:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": "pruned"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }


def put(connection, *objects, identity=WEB, revision="r1"):
    wanted = Wanted(revision, objects)
    return place(connection, identity, wanted, cluster_uid="c-1", wait=lambda _: None, patience=patience())


def there(connection, manifest) -> bool:
    return find(connection, ref_of(manifest)) is not None


@pytest.fixture(scope="module")
def pruned(connection):
    """Keeps the namespaces `pulumi-kubefleet` and `pruned`, whose termination takes seconds, over all tests."""
    put(connection, namespace("pruned"), identity=KEEPER)
    yield
    assert remove(connection, KEEPER, patience=patience()).done


@pytest.fixture(autouse=True)
def clean(connection, pruned):
    yield
    for identity in (WEB, API):
        assert remove(connection, identity, patience=patience()).done


def delete(connection, manifest) -> None:
    ref = ref_of(manifest)
    connection.delete(connection.path_of(ref.api_version, ref.kind, ref.namespace, ref.name), None)


def change(connection, manifest, body: dict, manager: str = "kubectl") -> None:
    ref = ref_of(manifest)
    path = connection.path_of(ref.api_version, ref.kind, ref.namespace, ref.name)
    connection.patch(path, body, "application/merge-patch+json", fieldManager=manager)


def test_remove_deletes_everything_and_its_own_record(connection):
    put(connection, config(), deployment())
    pruned = remove(connection, WEB, patience=patience())
    assert [ref.kind for ref in pruned.deleted] == ["Deployment", "ConfigMap"]
    assert (pruned.left, pruned.stuck) == ((), ())
    assert not there(connection, config())
    assert not there(connection, deployment())
    assert read_inventory_object(connection, WEB.uid) is None


def test_removing_what_was_never_placed_writes_nothing(connection, writes):
    count = len(writes())
    assert remove(connection, WEB, patience=patience()).deleted == ()
    assert len(writes()) == count


def test_a_namespace_of_ours_goes_with_all_that_its_controllers_made(connection):
    put(connection, namespace("own"), deployment("own"))
    until = time.monotonic() + 20
    while not list(connection.list("/apis/apps/v1/namespaces/own/replicasets")) and time.monotonic() < until:
        time.sleep(0.1)
    pruned = remove(connection, WEB, patience=patience())
    assert (pruned.left, pruned.stuck) == ((), ())
    assert not there(connection, namespace("own"))


def test_a_namespace_with_something_foreign_in_it_is_left_and_said_so(connection):
    put(connection, namespace("mixed"), config(space="mixed"))
    connection.post("/api/v1/namespaces/mixed/configmaps", config("theirs", space="mixed"))
    pruned = remove(connection, WEB, patience=patience())
    assert [str(left) for left in pruned.left] == ["Namespace mixed: holds ConfigMap mixed/theirs"]
    assert pruned.done
    assert not there(connection, config(space="mixed"))
    assert there(connection, config("theirs", space="mixed"))
    assert owners(find(connection, ref_of(namespace("mixed")))) == ()
    delete(connection, namespace("mixed"))


def test_a_volume_claim_is_never_deleted_and_is_ours_again_when_placed_again(connection):
    put(connection, claim())
    pruned = remove(connection, WEB, patience=patience())
    assert [str(left) for left in pruned.left] == ["PersistentVolumeClaim pruned/data: volumes are never deleted"]
    assert put(connection, claim()).created == ()
    remove(connection, WEB, patience=patience())
    delete(connection, claim())


def test_killed_between_the_record_and_the_first_apply_everything_is_still_cleaned_up(connection):
    placed = put(connection, config())
    ahead = replace(placed.inventory, objects=(*placed.inventory.objects, ref_of(deployment())))
    write_inventory_object(connection, ahead, WEB, patience())
    pruned = remove(connection, WEB, patience=patience())
    assert pruned.done
    assert not there(connection, config())
    assert read_inventory_object(connection, WEB.uid) is None


def test_a_follower_of_two_placements_survives_the_first_and_goes_with_the_second(connection):
    put(connection, config(), identity=API)
    put(connection, config())
    before = find(connection, ref_of(config()))
    pruned = remove(connection, WEB, patience=patience())
    assert [ref.name for ref in pruned.released] == ["settings"]
    after = find(connection, ref_of(config()))
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["data"] == {"color": "blue"}
    assert owners(after) == (API.uid,)
    assert [entry["manager"] for entry in after["metadata"]["managedFields"]] == [API.manager]
    remove(connection, API, patience=patience())
    assert not there(connection, config())


def test_a_namespace_shared_by_two_placements_goes_with_the_last_whoever_made_it(connection):
    put(connection, namespace("both"))
    put(connection, namespace("both"), identity=API)
    remove(connection, WEB, patience=patience())
    assert there(connection, namespace("both"))
    pruned = remove(connection, API, patience=patience())
    assert (pruned.left, pruned.stuck) == ((), ())
    assert not there(connection, namespace("both"))


def test_what_is_no_longer_ours_is_left(connection):
    put(connection, config("taken"), config("remade"), config("copied"))
    change(connection, config("taken"), {"metadata": {"annotations": {WEB.owner_annotation: None}}})
    delete(connection, config("remade"))
    remade = config("remade")
    remade["metadata"]["annotations"] = {WEB.owner_annotation: "ConfigMap/pruned/remade"}
    connection.post("/api/v1/namespaces/pruned/configmaps", remade, fieldManager="kubectl")
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "0", "controller": True}
    owner["uid"] = find(connection, ref_of(config("taken")))["metadata"]["uid"]
    owner["name"] = "taken"
    change(connection, config("copied"), {"metadata": {"ownerReferences": [owner]}})
    pruned = remove(connection, WEB, patience=patience())
    assert [left.object.name for left in pruned.left] == ["copied", "remade", "taken"]
    assert pruned.deleted == ()
    assert pruned.done
    for name in ("copied", "remade", "taken"):
        assert there(connection, config(name))
        delete(connection, config(name))


def test_a_finalizer_that_holds_an_object_is_named_and_kept_for_the_next_time(connection):
    put(connection, config(), deployment())
    change(connection, deployment(), {"metadata": {"finalizers": ["fleet.test/hold"]}})
    stuck = remove(connection, WEB, patience=patience(1.5))
    assert [left.object.kind for left in stuck.stuck] == ["Deployment", "ConfigMap"]
    assert "held by the finalizers `fleet.test/hold`" in stuck.stuck[0].why
    assert stuck.stuck[1].why == "waits for Deployment pruned/web"
    assert there(connection, config())
    recorded = read_inventory_object(connection, WEB.uid)
    assert recorded is not None
    assert len(recorded.objects) == 2
    change(connection, deployment(), {"metadata": {"finalizers": None}})
    assert remove(connection, WEB, patience=patience()).done
    assert not there(connection, config())


def test_cancelling_ends_a_removal_at_once_and_the_next_one_continues(connection):
    put(connection, config(), deployment())
    change(connection, deployment(), {"metadata": {"finalizers": ["fleet.test/hold"]}})
    with pytest.raises(Cancelled):
        remove(connection, WEB, patience=Patience(15, time.monotonic() + 60, lambda: True))
    change(connection, deployment(), {"metadata": {"finalizers": None}})
    assert remove(connection, WEB, patience=patience()).done
    assert not there(connection, config())


def test_completing_removes_what_left_the_manifests_and_nothing_else(connection, writes):
    put(connection, config("old"), config("new"))
    put(connection, config("new"), revision="r2")
    assert there(connection, config("old"))
    done = complete(connection, WEB, Wanted("r2", (config("new"),)), patience=patience())
    assert [ref.name for ref in done.pruned.deleted] == ["old"]
    assert not there(connection, config("old"))
    assert there(connection, config("new"))
    recorded = read_inventory_object(connection, WEB.uid)
    assert recorded == done.inventory
    assert recorded.completed
    assert [ref.name for ref in recorded.objects] == ["new"]
    assert all(ref.uid for ref in recorded.objects)
    count = len(writes())
    complete(connection, WEB, Wanted("r2", (config("new"),)), patience=patience())
    assert len(writes()) == count


def test_the_fleets_namespace_goes_with_the_last_record(connection):
    put(connection, config(space="default"))
    remove(connection, KEEPER, patience=patience())
    assert find(connection, HOME) is not None
    remove(connection, WEB, patience=patience())
    assert find(connection, HOME) is None
    put(connection, namespace("pruned"), identity=KEEPER)


def test_a_fleet_namespace_that_somebody_else_made_is_used_and_left(connection):
    remove(connection, KEEPER, patience=patience())
    connection.post("/api/v1/namespaces", namespace("pulumi-kubefleet"))
    put(connection, config(space="default"))
    remove(connection, WEB, patience=patience())
    assert find(connection, HOME) is not None
    delete(connection, namespace("pulumi-kubefleet"))
    put(connection, namespace("pruned"), identity=KEEPER)


def test_crds_with_foreign_resources_are_left(connection):
    parts = crd("parts", "fleet.test")
    put(connection, parts)
    part = {"apiVersion": "fleet.test/v1", "kind": "Part", "metadata": {"name": "a", "namespace": "pruned"}}
    until = time.monotonic() + 20
    while True:
        try:
            connection.post("/apis/fleet.test/v1/namespaces/pruned/parts", part)
            break
        except Exception:  # not served yet
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
    pruned = remove(connection, WEB, patience=patience())
    assert [str(left) for left in pruned.left] == [
        "CustomResourceDefinition parts.fleet.test: resources of it exist that are not ours: parts.fleet.test"
    ]
    assert there(connection, part)
    delete(connection, parts)


def test_many_placements_that_share_objects_leave_at_once(connection):
    shared = Wanted("r1", (config("shared"),))
    crowd = [PlacementIdentity(f"{number:016x}", f"p{number}", "prod", "shop") for number in range(32)]
    partners = frozenset(identity.uid for identity in crowd)
    for identity in crowd:
        wait = patience()
        place(connection, identity, shared, cluster_uid="c", wait=lambda _: None, patience=wait, partners=partners)
    gone = fan_out(crowd, lambda identity: remove(connection, identity, patience=patience(120)))
    assert [outcome.error for outcome in gone] == [None] * len(crowd)
    assert [outcome.get().stuck for outcome in gone] == [()] * len(crowd)
    assert find(connection, ref_of(config("shared"))) is None
    left = find(connection, HOME)
    assert left is not None
    assert partners.isdisjoint(owners(left))
