import time
from pathlib import Path

import pytest
import yaml
from lab_objects import crd, until

from kubefleet.health import Status, health
from kubefleet.kube.connect import connect
from kubefleet.kube.errors import ApiError
from kubefleet.kube.inventory_object import InventoryBooking
from kubefleet.kube.inventory_store import read_inventory_object, write_inventory_object
from kubefleet.kube.member_apply import Wanted, complete, place, record_finished, remove, stop
from kubefleet.kube.object_access import MERGE, find
from kubefleet.kube.object_ref import ObjectRef, ref_of
from kubefleet.kube.patience import Patience
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.kube.refusal import NotApplied, Refused
from kubefleet.model.access import Kubeconfig

pytestmark = pytest.mark.lab

WEB = PlacementIdentity("a1" * 8, "web", "prod", "shop", "ada")
API = PlacementIdentity("b2" * 8, "api", "prod", "shop", "ada")
KEEPER = PlacementIdentity("c3" * 8, "keeper", "prod", "shop", "ada")


def patience(seconds: float = 60) -> Patience:
    return Patience(15, time.monotonic() + seconds)


def namespace(name: str, **labels: str) -> dict:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def config(space: str, name: str = "settings", **data: str) -> dict:
    metadata = {"name": name, "namespace": space}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data or {"color": "blue"}}


def deployment(space: str, replicas: int = 1, image: str = "web:1") -> dict:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": space},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                # A namespace that is to go waits for half of its pods' grace period.
                "spec": {
                    "terminationGracePeriodSeconds": 1,
                    "containers": [{"name": "web", "image": image, "ports": [{"containerPort": 80}]}],
                },
            },
        },
    }


def put(connection, *objects, identity=WEB, revision="r1", bookings=(), waited=None, **more):
    return place(
        connection,
        identity,
        Wanted(revision, objects, bookings),
        cluster_uid="c-1",
        wait=(waited if waited is not None else []).append,
        patience=patience(),
        **more,
    )


@pytest.fixture(scope="module")
def kept(connection):
    """Keeps the namespaces `pulumi-kubefleet` and `kept`, whose termination takes seconds, over all tests."""
    put(connection, namespace("kept"), identity=KEEPER)
    yield
    assert remove(connection, KEEPER, patience=patience()).done


@pytest.fixture(autouse=True)
def clean(connection, kept):
    yield
    for identity in (WEB, API):
        assert remove(connection, identity, patience=patience()).done


def live(connection, manifest) -> dict:
    found = find(connection, ref_of(manifest))
    assert found is not None
    return found


def test_objects_are_applied_in_order_and_the_list_is_written_before_them(connection, writes):
    objects = (deployment("one"), config("one"), namespace("one"))
    placed = put(connection, *objects)
    assert [name for _, _, name in writes()] == ["pulumi-kubefleet", WEB.uid, "one", "settings", "web"]
    assert placed.created == placed.written == placed.applied
    assert all(ref.uid for ref in placed.applied)
    assert read_inventory_object(connection, WEB.uid) == placed.inventory
    assert not placed.inventory.completed


def test_applying_the_same_again_writes_nothing(connection, writes):
    objects = (namespace("two", team="a"), config("two"), deployment("two", 3))
    put(connection, *objects)
    complete(connection, WEB, Wanted("r1", objects), patience=patience())
    before = live(connection, deployment("two"))["metadata"]["generation"]
    writes()
    count = len(writes())
    placed = put(connection, *objects)
    done = complete(connection, WEB, Wanted("r1", objects), patience=patience())
    assert len(writes()) == count
    assert placed.written == ()
    assert done.inventory.completed
    assert live(connection, deployment("two"))["metadata"]["generation"] == before


def test_an_apply_that_was_cut_short_continues_without_writing_again_what_is_done(connection):
    objects = (config("kept"), deployment("kept"))
    put(connection, *objects[:1])
    placed = put(connection, *objects)
    assert [ref.kind for ref in placed.written] == ["Deployment"]


def test_what_was_changed_by_hand_is_corrected(connection):
    put(connection, config("kept"))
    path = "/api/v1/namespaces/kept/configmaps/settings"
    connection.patch(path, {"data": {"color": "red"}}, "application/merge-patch+json", fieldManager="kubectl")
    put(connection, config("kept"))
    assert live(connection, config("kept"))["data"] == {"color": "blue"}


def test_a_field_that_left_the_manifest_leaves_the_object(connection):
    put(connection, config("kept", a="1", b="2"))
    put(connection, config("kept", a="1"), revision="r2")
    assert live(connection, config("kept"))["data"] == {"a": "1"}


def test_a_foreign_object_is_refused_with_manager_and_field_and_nothing_is_written(connection, writes):
    connection.post("/api/v1/namespaces/kept/configmaps", config("kept", color="red"), fieldManager="helm")
    count = len(writes())
    with pytest.raises(Refused) as refused:
        put(connection, deployment("kept"), config("kept"))
    assert len(writes()) == count
    assert read_inventory_object(connection, WEB.uid) is None
    assert "ConfigMap kept/settings belongs to `helm` (fields .data.color)" in str(refused.value)
    connection.delete("/api/v1/namespaces/kept/configmaps/settings", None)


def test_an_existing_namespace_is_refused_with_the_way_out(connection):
    with pytest.raises(Refused, match="Leave it out of the manifests"):
        put(connection, namespace("default"))


def test_a_missing_namespace_is_said_so(connection):
    with pytest.raises(NotApplied, match="namespace `nowhere` does not exist"):
        put(connection, config("nowhere"))


def test_an_invalid_object_is_refused_by_its_field(connection):
    broken = deployment("kept")
    broken["spec"]["template"]["metadata"]["labels"] = {"app": "other"}
    with pytest.raises(NotApplied, match=r"spec\.template\.metadata\.labels"):
        put(connection, broken)


def test_an_unknown_field_is_refused_by_its_name(connection):
    broken = deployment("kept")
    broken["spec"]["replica"] = 3
    with pytest.raises(NotApplied, match=r"\.spec\.replica: field not declared in schema"):
        put(connection, broken)


def test_two_placements_share_a_follower_and_a_third_content_is_refused_naming_both(connection):
    shared = (config("kept"),)
    put(connection, *shared)
    put(connection, *shared, identity=API)
    with pytest.raises(
        Refused, match=r"belongs to `kubefleet/web\.a1.*\.data\.color.*Placement `web` has other content"
    ):
        put(connection, config("kept", color="red"), identity=API)
    assert live(connection, config("kept"))["data"] == {"color": "blue"}


def test_placements_of_one_run_change_a_shared_follower_together(connection):
    put(connection, config("kept"))
    put(connection, config("kept"), identity=API)
    new = (config("kept", color="green"),)
    put(connection, *new, partners=frozenset({API.uid}))
    put(connection, *new, identity=API, partners=frozenset({WEB.uid}))
    assert put(connection, *new).written == ()
    assert live(connection, config("kept"))["data"] == {"color": "green"}


def test_a_secret_value_is_never_in_an_error(connection):
    put(connection)
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "key", "namespace": "kept"},
        "stringData": {"bad key!": "c2hlbGw-hunter2"},
    }
    with pytest.raises(NotApplied) as refused:
        put(connection, secret)
    assert "hunter2" not in str(refused.value)
    assert "c2hlbGw" not in str(refused.value)


CRD = crd("things", "fleet.test")


def thing(space: str) -> dict:
    metadata = {"name": "a", "namespace": space}
    return {"apiVersion": "fleet.test/v1", "kind": "Thing", "metadata": metadata, "spec": {"size": 1}}


def test_a_crd_is_waited_for_before_its_resources_are_applied(connection):
    waited = []

    def wait(refs):
        waited.extend(refs)
        while health(live(connection, CRD)).status is not Status.AVAILABLE:
            time.sleep(0.05)

    objects = (thing("kept"), CRD)
    place(connection, WEB, Wanted("r1", objects), cluster_uid="c-1", wait=wait, patience=patience())
    assert [ref.kind for ref in waited] == ["CustomResourceDefinition"]
    assert live(connection, thing("kept"))["spec"] == {"size": 1}
    assert remove(connection, WEB, patience=patience()).done
    assert find(connection, ref_of(CRD)) is None


def test_a_cluster_scoped_custom_resource_is_found_again_though_a_namespace_was_written_into_it(connection):
    wide = crd("things", "wide.test", "Cluster")
    resource = thing("default") | {"apiVersion": "wide.test/v1"}
    wanted = Wanted("r1", (resource, wide))

    def wait(refs):
        while health(live(connection, wide)).status is not Status.AVAILABLE:
            time.sleep(0.05)

    first = place(connection, WEB, wanted, cluster_uid="c-1", wait=wait, patience=patience())
    assert [ref.namespace for ref in first.inventory.objects] == ["", ""]
    again = place(connection, WEB, wanted, cluster_uid="c-1", wait=wait, patience=patience())
    assert again.written == ()
    assert complete(connection, WEB, wanted, patience=patience()).inventory.completed
    assert remove(connection, WEB, patience=patience()).done
    assert find(connection, ref_of(wide)) is None


def test_a_wait_that_raises_stops_there_and_the_next_run_continues(connection):
    migration = config("kept", "first")
    migration["metadata"]["annotations"] = {"pulumi-kubefleet/order": "-1"}
    objects = (migration, config("kept", "second"))

    def stop(refs: tuple[ObjectRef, ...]) -> None:
        raise TimeoutError(refs[0].name)

    with pytest.raises(TimeoutError, match="first"):
        place(connection, WEB, Wanted("r1", objects), cluster_uid="c-1", wait=stop, patience=patience())
    assert find(connection, ref_of(objects[1])) is None
    assert [ref.name for ref in put(connection, *objects).written] == ["second"]


def test_the_record_keeps_the_last_completed_revision_and_the_larger_booking_until_completed(connection):
    def booked(replicas: int) -> tuple[InventoryBooking, ...]:
        return (InventoryBooking("Deployment/kept/web", replicas, namespace="kept"),)

    objects = (config("kept"),)
    put(connection, *objects, bookings=booked(5))
    complete(connection, WEB, Wanted("r1", objects, booked(5)), patience=patience())
    smaller = put(connection, *objects, revision="r2", bookings=booked(2)).inventory
    assert (smaller.previous, smaller.completed, smaller.bookings[0].replicas) == ("r1", False, 5)
    after = complete(connection, WEB, Wanted("r2", objects, booked(2)), patience=patience()).inventory
    assert (after.revision, after.completed, after.bookings[0].replicas) == ("r2", True, 2)


def test_a_record_that_somebody_else_wrote_meanwhile_is_not_overwritten(connection):
    placed = put(connection, config("kept"))
    path = f"/api/v1/namespaces/pulumi-kubefleet/configmaps/{WEB.uid}"
    body = {"metadata": {"labels": {"touched": "yes"}}}
    connection.patch(path, body, "application/merge-patch+json")
    with pytest.raises(ApiError) as refused:
        write_inventory_object(connection, placed.inventory, WEB, patience())
    assert refused.value.status == 409


MIGRATE = "/apis/batch/v1/namespaces/kept/jobs/migrate"


def job() -> dict:
    """Its pod ends by itself."""
    quick = {f"lab.pulumi-kubefleet/{stage}-after": "50ms" for stage in ("start", "ready", "complete")}
    pod = {"restartPolicy": "Never", "containers": [{"name": "run", "image": "migrate:1"}]}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "migrate", "namespace": "kept"},
        "spec": {"template": {"metadata": {"annotations": quick}, "spec": pod}},
    }


def finished(connection) -> None:
    until(lambda: connection.get(MIGRATE)["status"].get("completionTime"), 60)


def test_a_finished_job_is_made_anew_for_a_new_revision_and_only_then(connection):
    put(connection, job())
    first = live(connection, job())
    finished(connection)
    assert put(connection, job()).written == ()
    changed = job()
    changed["spec"]["template"]["spec"]["containers"][0]["image"] = "migrate:2"
    put(connection, changed, revision="r2")
    second = live(connection, job())
    assert second["metadata"]["uid"] != first["metadata"]["uid"]
    assert second["spec"]["template"]["spec"]["containers"][0]["image"] == "migrate:2"


def test_a_finished_job_that_kubernetes_has_removed_is_not_run_again_by_its_own_revision(connection):
    passing = job()
    passing["spec"]["ttlSecondsAfterFinished"] = 600
    placed = put(connection, passing, config("kept"))
    finished(connection)
    record_finished(connection, WEB, Wanted("r1", (passing,)), placed.applied, patience())
    # Not before that: it would be a race.
    connection.patch(MIGRATE, {"spec": {"ttlSecondsAfterFinished": 0}}, MERGE)
    deadline = time.monotonic() + 60
    while find(connection, ref_of(passing)) is not None:
        assert time.monotonic() < deadline, "the controller of TTLs has not removed it"
        time.sleep(0.2)
    again = put(connection, passing, config("kept", color="red"))
    assert [ref.kind for ref in again.applied] == ["ConfigMap"]
    assert find(connection, ref_of(passing)) is None
    complete(connection, WEB, Wanted("r1", (passing, config("kept"))), patience=patience())
    assert [ref.kind for ref in put(connection, passing, config("kept")).applied] == ["ConfigMap"]
    assert [ref.kind for ref in put(connection, passing, config("kept"), revision="r2").created] == ["Job"]


@pytest.fixture
def limited(connection, access, tmp_path):
    """A connection as the service account `kept/limited`, which may read anything and write ConfigMaps `allowed`."""
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    everywhere = f"{rbac}/clusterroles", f"{rbac}/clusterrolebindings"
    connection.post("/api/v1/namespaces/kept/serviceaccounts", {"metadata": {"name": "limited"}})
    home = [WEB.uid, "pulumi-kubefleet", "allowed"]
    rules = [
        {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list"]},
        {
            "apiGroups": [""],
            "resources": ["configmaps", "namespaces"],
            "resourceNames": home,
            "verbs": ["patch", "create", "delete"],
        },
    ]
    connection.post(everywhere[0], {"metadata": {"name": "limited"}, "rules": rules})
    subject = {"kind": "ServiceAccount", "name": "limited", "namespace": "kept"}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "limited"}
    connection.post(everywhere[1], {"metadata": {"name": "limited"}, "roleRef": role, "subjects": [subject]})
    token = connection.post(
        "/api/v1/namespaces/kept/serviceaccounts/limited/token",
        {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}},
    )["status"]["token"]
    config = yaml.safe_load(Path(access.path).read_text())
    context = next(item["context"] for item in config["contexts"] if item["name"] == access.context)
    next(item for item in config["users"] if item["name"] == context["user"])["user"] = {"token": token}
    path = tmp_path / "limited.kubeconfig"
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(config))
    limited = connect("eu-1", Kubeconfig(access.context, str(path)))
    yield limited
    limited.close()
    for base in everywhere:
        connection.delete(f"{base}/limited")
    connection.delete("/api/v1/namespaces/kept/serviceaccounts/limited")


def test_rights_on_exactly_its_objects_and_its_record_suffice(limited):
    objects = (config("kept", "allowed"),)
    put(limited, *objects)
    assert complete(limited, WEB, Wanted("r1", objects), patience=patience()).inventory.completed
    assert remove(limited, WEB, patience=patience()).done
    assert find(limited, ref_of(objects[0])) is None


def test_a_missing_right_is_named_as_the_rule_to_grant(limited):
    with pytest.raises(NotApplied, match="no right to patch, create on configmaps `other` in namespace `kept`"):
        put(limited, config("kept", "other"))
    assert find(limited, ref_of(config("kept", "other"))) is None


def test_what_admission_refuses_is_not_taken_for_a_missing_right(connection):
    strict = {"pod-security.kubernetes.io/enforce": "restricted"}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "root", "namespace": "strict"},
        "spec": {"containers": [{"name": "root", "image": "root:1"}]},
    }
    with pytest.raises(NotApplied, match=r"refused by admission: .*PodSecurity"):
        put(connection, namespace("strict", **strict), pod)


def cron_job() -> dict:
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "nightly", "namespace": "kept"},
        "spec": {"schedule": "0 3 1 1 *", "jobTemplate": {"spec": job()["spec"]}},
    }


def test_what_was_stopped_runs_again_when_it_is_placed_again_and_what_the_user_has_suspended_does_not(connection):
    theirs = cron_job()
    theirs["metadata"]["name"] = "off"
    theirs["spec"]["suspend"] = True
    objects = (deployment("kept", replicas=2), cron_job(), theirs, config("kept"))
    put(connection, *objects)
    complete(connection, WEB, Wanted("r1", objects), patience=patience())
    stop(connection, WEB, patience())
    assert live(connection, objects[0])["spec"]["replicas"] == 0
    assert live(connection, objects[1])["spec"]["suspend"] is True
    assert find(connection, ref_of(objects[3])) is not None
    assert read_inventory_object(connection, WEB.uid).completed is False
    put(connection, *objects)
    assert live(connection, objects[0])["spec"]["replicas"] == 2
    assert live(connection, objects[1])["spec"]["suspend"] is False
    assert live(connection, objects[2])["spec"]["suspend"] is True
    assert put(connection, *objects).written == ()
