"""Objects that are there already, that others change, that cannot be changed, and that stay."""

import json
import subprocess
import time
from dataclasses import replace

import pytest
from lab_objects import QUICK, until

from kubefleet.kube.inventory_store import read_inventory_object
from kubefleet.kube.look_for_drift import look_for_drift
from kubefleet.kube.member_apply import Wanted, complete, place, remove
from kubefleet.kube.object_access import find
from kubefleet.kube.object_ref import ref_of
from kubefleet.kube.patience import Patience
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.kube.refusal import NotApplied, Refused
from kubefleet.model.apply_options import ApplyOptions, OnDelete, OnDrift, OnExisting, OnImmutable

pytestmark = pytest.mark.lab

WEB = PlacementIdentity("d4" * 8, "web", "prod", "shop", "ada")
API = PlacementIdentity("e5" * 8, "api", "prod", "shop", "ada")
TAKE = ApplyOptions(on_existing=OnExisting.TAKE_OVER)
IF_SAME = ApplyOptions(on_existing=OnExisting.TAKE_OVER_IF_SAME)
REPORT = ApplyOptions(on_drift=OnDrift.REPORT)
REPLACE = ApplyOptions(on_immutable=OnImmutable.REPLACE)
MERGE = "application/merge-patch+json"


def config(name="taken", **data):
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data or {"color": "blue"}}


def workload(kind="Deployment", app="taken", image="web:1", **spec):
    template = {
        "metadata": {"labels": {"app": app}, "annotations": QUICK},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": [{"name": "web", "image": image}]},
    }
    metadata = {"name": "taken", "namespace": "default"}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": app}}, "template": template, **spec}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec}


def put(connection, *objects, options, identity=WEB, revision="r1", **more):
    wanted = Wanted(revision, objects, options=options)
    patience = Patience(15, time.monotonic() + 60)
    return place(connection, identity, wanted, cluster_uid="c", wait=lambda refs: None, patience=patience, **more)


def live(connection, manifest):
    return find(connection, ref_of(manifest))


def path_of(connection, manifest):
    ref = ref_of(manifest)
    return connection.path_of(ref.api_version, ref.kind, ref.namespace, ref.name)


@pytest.fixture
def kubectl(quickstart_lab):
    def run(*arguments, stdin=""):
        command = ["kubectl", f"--kubeconfig={quickstart_lab.kubeconfig}", "--context=eu-1", *arguments]
        # kubectl gives up where a controller has written in between.
        for _ in range(10):
            done = subprocess.run(command, check=False, capture_output=True, text=True, input=stdin)
            if "the object has been modified" not in done.stderr:
                break
        assert done.returncode == 0, done.stderr

    return run


@pytest.fixture(autouse=True)
def clean(connection):
    yield
    for identity in (WEB, API):
        assert remove(connection, identity, patience=Patience(15, time.monotonic() + 60), moved=True).done
    for manifest in (config(), workload(), workload("StatefulSet")):
        if live(connection, manifest) is not None:
            connection.delete(path_of(connection, manifest))
        until(lambda manifest=manifest: live(connection, manifest) is None)


@pytest.mark.parametrize("way", ["client-side apply", "create", "replace"])
def test_what_is_taken_over_from_its_author_loses_the_fields_that_are_left_out_later(connection, kubectl, way):
    theirs = workload(image="web:0")
    theirs["spec"]["template"]["spec"]["nodeSelector"] = {"kubernetes.io/os": "linux"}
    if way == "client-side apply":
        kubectl("apply", "-f", "-", stdin=json.dumps(theirs))
    else:
        connection.post("/apis/apps/v1/namespaces/default/deployments", theirs, fieldManager="terraform")
        if way == "replace":
            kubectl("replace", "-f", "-", stdin=json.dumps(theirs))
    mine = workload()
    mine["spec"]["template"]["spec"]["nodeSelector"] = {"kubernetes.io/os": "linux"}
    assert put(connection, mine, options=TAKE).written
    found = live(connection, mine)
    assert found["spec"]["template"]["spec"]["containers"][0]["image"] == "web:1"
    assert "last-applied" not in str(found["metadata"]["annotations"])
    until(lambda: "deployment.kubernetes.io/revision" in live(connection, mine)["metadata"]["annotations"])
    put(connection, workload(), options=TAKE, revision="r2")
    found = live(connection, mine)
    assert "nodeSelector" not in found["spec"]["template"]["spec"]
    assert "deployment.kubernetes.io/revision" in found["metadata"]["annotations"]
    assert put(connection, workload(), options=TAKE, revision="r2").written == ()


def test_without_it_nothing_is_taken_over_and_the_refusal_says_how(connection):
    connection.post("/api/v1/namespaces/default/configmaps", config(color="blue"), fieldManager="helm")
    with pytest.raises(Refused, match=r'belongs to `helm`.*on_existing="take_over"'):
        put(connection, config(color="blue"), options=ApplyOptions())


def test_what_is_the_same_is_taken_over_and_what_is_not_is_refused_by_its_fields(connection, writes):
    connection.post("/apis/apps/v1/namespaces/default/deployments", workload(replicas=2), fieldManager="helm")
    count = len(writes())
    without_replicas = {key: item for key, item in workload()["spec"].items() if key != "replicas"}
    for other, field in (
        (workload(image="web:2", replicas=2), r"\.spec\.template\.spec\.containers\)"),
        ({**workload(), "spec": without_replicas}, r"\.spec\.replicas\)"),
    ):
        with pytest.raises(Refused, match=rf"belongs to `helm` \(fields {field}.*It is not the same"):
            put(connection, other, options=IF_SAME)
    assert len(writes()) == count
    before = live(connection, workload())
    same = workload(replicas=2)
    same["spec"]["template"]["spec"]["containers"][0]["resources"] = {}
    put(connection, same, options=IF_SAME)
    after = live(connection, workload())
    # The generation of a Deployment counts its annotations too, and ours are new.
    assert (after["spec"], after["metadata"]["uid"]) == (before["spec"], before["metadata"]["uid"])


def test_what_another_placement_or_a_controller_has_is_never_taken_over(connection):
    put(connection, workload(), options=ApplyOptions(), identity=API)
    with pytest.raises(Refused, match=r"belongs to `kubefleet/api\."):
        put(connection, workload(), options=TAKE)
    sets = "/apis/apps/v1/namespaces/default/replicasets"
    until(lambda: list(connection.list(sets, labelSelector="app=taken")))
    made = next(connection.list(sets, labelSelector="app=taken"))
    spec = {key: made["spec"][key] for key in ("selector", "template")}
    copy = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": made["metadata"]["name"]}, "spec": spec}
    copy["metadata"]["namespace"] = "default"
    with pytest.raises(Refused, match="belongs to `kube-controller-manager`"):
        put(connection, copy, options=TAKE)


def test_drift_is_corrected_or_left_and_told_by_manager_and_field(connection):
    put(connection, workload(image="web:1"), options=REPORT)
    patch = {"spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "web", "image": "web:hot"}]}}}}
    strategic = "application/strategic-merge-patch+json"
    connection.patch(path_of(connection, workload()), patch, strategic, fieldManager="kubectl-edit")
    told = []
    assert put(connection, workload(), options=REPORT, drifted=told.append).written == ()
    (drift,) = told
    fields = ".spec.replicas, .spec.template.spec.containers[name=web].image"
    assert str(drift) == f"Deployment default/taken: {fields} changed by `kubectl-edit`"
    new = workload(minReadySeconds=1)
    put(connection, new, options=REPORT, revision="r2")
    spec = live(connection, new)["spec"]
    assert (spec["minReadySeconds"], spec["replicas"]) == (1, 2)
    assert spec["template"]["spec"]["containers"][0]["image"] == "web:hot"
    put(connection, new, options=ApplyOptions(), revision="r2")
    spec = live(connection, new)["spec"]
    assert (spec["replicas"], spec["template"]["spec"]["containers"][0]["image"]) == (1, "web:1")


def test_what_cannot_be_changed_fails_or_is_replaced(connection):
    put(connection, workload(), options=REPLACE)
    before = live(connection, workload())["metadata"]["uid"]
    for options in (ApplyOptions(), replace(REPLACE, pods_counted=True)):
        with pytest.raises(NotApplied, match="field is immutable"):
            put(connection, workload(app="other"), options=options, revision="r2")
    assert live(connection, workload())["metadata"]["uid"] == before
    put(connection, workload(app="other"), options=REPLACE, revision="r2")
    found = live(connection, workload())
    assert found["metadata"]["uid"] != before
    assert found["spec"]["selector"] == {"matchLabels": {"app": "other"}}


def test_a_stateful_set_that_is_replaced_keeps_its_pods(connection):
    put(connection, workload("StatefulSet", serviceName="a"), options=REPLACE)
    pods = "/api/v1/namespaces/default/pods"
    before = until(lambda: [item["metadata"]["uid"] for item in connection.list(pods, labelSelector="app=taken")])
    put(connection, workload("StatefulSet", serviceName="b"), options=REPLACE, revision="r2")
    assert live(connection, workload("StatefulSet"))["spec"]["serviceName"] == "b"
    assert [item["metadata"]["uid"] for item in connection.list(pods, labelSelector="app=taken")] == before


def test_an_immutable_secret_and_a_role_binding_are_replaced_and_a_claim_never_is(connection):
    door = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "taken", "namespace": "default"}}
    door |= {"immutable": True, "stringData": {"a": "1"}}
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "taken", "namespace": "default"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "a"},
    }
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "taken", "namespace": "default"}}
    claim["spec"] = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    put(connection, door, binding, claim, options=REPLACE)
    changed = {**binding, "roleRef": {**binding["roleRef"], "name": "b"}}
    put(connection, {**door, "stringData": {"a": "2"}}, changed, claim, options=REPLACE, revision="r2")
    assert live(connection, door)["data"] == {"a": "Mg=="}
    assert live(connection, binding)["roleRef"]["name"] == "b"
    other = {**claim, "spec": {**claim["spec"], "accessModes": ["ReadWriteMany"]}}
    with pytest.raises(NotApplied, match="immutable"):
        put(connection, other, options=REPLACE, revision="r3")
    connection.delete(path_of(connection, claim))


def test_what_is_orphaned_stays_as_nobodys_unless_the_placement_moves(connection):
    options = ApplyOptions(on_delete=OnDelete.ORPHAN)
    shared = config("shared")
    put(connection, config(), shared, options=options)
    put(connection, shared, options=ApplyOptions(), identity=API)
    left = remove(connection, WEB, patience=Patience(15, time.monotonic() + 60))
    assert [str(item.object) for item in left.left] == ["ConfigMap default/taken"]
    assert read_inventory_object(connection, WEB.uid) is None
    found = live(connection, config())
    assert (found["data"], found["metadata"].get("annotations")) == ({"color": "blue"}, None)
    assert list(live(connection, shared)["metadata"]["annotations"]) == [API.owner_annotation]
    with pytest.raises(Refused, match="belongs to `kubefleet/web"):
        put(connection, config(), options=ApplyOptions())
    put(connection, config(), options=replace(TAKE, on_delete=OnDelete.ORPHAN))
    complete(connection, WEB, Wanted("r1", (config(),), options=options), patience=Patience(15))
    assert remove(connection, WEB, patience=Patience(15, time.monotonic() + 60), moved=True).done
    assert live(connection, config()) is None


def test_what_is_replaced_has_all_of_its_fields_again_also_those_that_had_drifted(connection):
    options = replace(REPORT, on_immutable=OnImmutable.REPLACE)
    put(connection, workload(), options=options)
    patch = {"spec": {"replicas": 2}}
    connection.patch(path_of(connection, workload()), patch, MERGE, fieldManager="kubectl-scale")
    put(connection, workload(app="other"), options=options, revision="r2")
    assert live(connection, workload())["spec"]["replicas"] == 1


def test_what_a_refresh_reads_names_objects_managers_and_fields_and_writes_nothing(connection, writes):
    manifests = {"a": workload(), "b": config(color="blue"), "c": config("gone")}
    put(connection, *manifests.values(), options=ApplyOptions())
    assert look_for_drift(connection, WEB, manifests) == ()
    complete(connection, WEB, Wanted("r1", tuple(manifests.values())), patience=Patience(15))
    assert look_for_drift(connection, WEB, manifests) == ()
    connection.patch(path_of(connection, config()), {"data": {"color": "red"}}, MERGE, fieldManager="kubectl-patch")
    connection.patch(path_of(connection, workload()), {"spec": {"replicas": 3}}, MERGE, fieldManager="terraform")
    connection.delete(path_of(connection, config("gone")))
    count = len(writes())
    assert look_for_drift(connection, WEB, manifests) == (
        "ConfigMap default/gone: deleted",
        "ConfigMap default/taken: .data.color changed by `kubectl-patch`",
        "Deployment default/taken: .spec.replicas changed by `terraform`",
    )
    assert len(writes()) == count
