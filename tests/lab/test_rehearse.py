"""What a rehearsal finds on a real API server, and that it writes nothing."""

import time

import pytest
from lab_objects import until

from kubefleet.kube.connection import Connection
from kubefleet.kube.member_apply import Wanted, place, remove
from kubefleet.kube.object_access import find
from kubefleet.kube.object_ref import ref_of
from kubefleet.kube.patience import Patience
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.kube.rehearse import rehearse
from kubefleet.model.apply_options import ApplyOptions, OnExisting, OnImmutable

pytestmark = pytest.mark.lab

WEB = PlacementIdentity("f6" * 8, "web", "prod", "shop", "ada")
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


def manifest(kind="ConfigMap", version="v1", name="tried", namespace="default", **fields):
    metadata = {"name": name, "namespace": namespace} if namespace else {"name": name}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **fields}


def deployment(app="tried", **spec):
    pod = {"metadata": {"labels": {"app": app}}, "spec": {"containers": [{"name": "web", "image": "web:1"}]}}
    spec = {"selector": {"matchLabels": {"app": app}}, "template": pod, "replicas": 0, **spec}
    return manifest("Deployment", "apps/v1", spec=spec)


def patience():
    return Patience(15, time.monotonic() + 60)


def tried(connection, *objects, options=None):
    return rehearse(connection, WEB, Wanted("r2", objects, options=options or ApplyOptions()))


def put(connection, *objects):
    place(connection, WEB, Wanted("r1", objects), cluster_uid="c", wait=lambda refs: None, patience=patience())


@pytest.fixture(autouse=True)
def clean(connection):
    yield
    assert remove(connection, WEB, patience=patience()).done


def test_what_the_manifest_says_wrongly_is_wrong_by_its_field_and_nothing_is_written(connection, writes):
    unknown = deployment(replica=3)
    label = manifest(data={"a": "1"})
    label["metadata"]["labels"] = {"bad key!": "x"}
    found = tried(connection, unknown, label)
    assert [(str(each.object), each.wrong) for each in found] == [
        ("Deployment default/tried", True),
        ("ConfigMap default/tried", True),
    ]
    assert ".spec.replica: field not declared in schema" in found[0].why
    assert "metadata.labels" in found[1].why
    assert find(connection, ref_of(unknown)) is None
    assert writes() == []


def test_a_field_that_cannot_change_is_wrong_or_told_as_replaced(connection):
    put(connection, deployment())
    (found,) = tried(connection, deployment("other"))
    assert found.wrong
    assert "field is immutable" in found.why
    (found,) = tried(connection, deployment("other"), options=ApplyOptions(on_immutable=OnImmutable.REPLACE))
    assert not found.wrong
    assert "is replaced" in found.why


def test_what_admission_denies_is_wrong(connection):
    strict = {"pod-security.kubernetes.io/enforce": "restricted"}
    space = manifest("Namespace", name="tried-strict", namespace="")
    space["metadata"]["labels"] = strict
    put(connection, space)
    pod = manifest("Pod", namespace="tried-strict", spec={"containers": [{"name": "a", "image": "a:1"}]})
    (found,) = tried(connection, pod)
    assert found.wrong
    assert "refused by admission" in found.why
    assert "PodSecurity" in found.why


def test_a_full_quota_is_told_and_not_wrong(connection):
    space = manifest("Namespace", name="tried-full", namespace="")
    quota = manifest("ResourceQuota", namespace="tried-full", spec={"hard": {"count/configmaps": "1"}})
    put(connection, space, quota)
    until(lambda: (find(connection, ref_of(quota)) or {}).get("status", {}).get("used"))
    (found,) = tried(connection, manifest(namespace="tried-full"))
    assert not found.wrong
    assert "exceeded quota" in found.why


def test_somebody_elses_object_is_told_unless_it_is_taken_over(connection):
    connection.post(CONFIG_MAPS, manifest(data={"a": "1"}), fieldManager="helm")
    try:
        (found,) = tried(connection, manifest(data={"a": "2"}))
        assert not found.wrong
        assert "belongs to `helm` (fields .data.a)" in found.why
        options = ApplyOptions(on_existing=OnExisting.TAKE_OVER)
        assert tried(connection, manifest(data={"a": "2"}), options=options) == ()
    finally:
        connection.delete(f"{CONFIG_MAPS}/tried")


def test_what_the_placement_brings_itself_is_not_missed(connection):
    account = manifest("ServiceAccount", name="account")
    pod = manifest("Pod", spec={"serviceAccountName": "account", "containers": [{"name": "a", "image": "a:1"}]})
    custom = manifest("Gizmo", "tried.test/v1")
    new = [manifest("Namespace", name="tried-new", namespace=""), manifest(namespace="tried-new")]
    assert tried(connection, account, pod, custom, *new) == ()


def test_what_is_new_costs_one_request_and_what_is_there_is_judged_all_the_same(connection, monkeypatch):
    asked = []
    ask = Connection._ask
    monkeypatch.setattr(Connection, "_ask", lambda *args, **more: asked.append(args[1:3]) or ask(*args, **more))

    def tried_as_new(*objects):
        asked.clear()
        new = frozenset(ref_of(item).key for item in objects)
        found = rehearse(connection, WEB, Wanted("r2", objects), new=new)
        return found, [method for method, path in asked if "tried" in path]

    assert tried_as_new(manifest(data={"a": "1"}), deployment()) == ((), ["PATCH", "PATCH"])
    # What needs a namespace that comes with it cannot be there either.
    assert tried_as_new(manifest(namespace="tried-new")) == ((), ["PATCH"])
    (found,), methods = tried_as_new(deployment(replica=3))
    assert (found.wrong, methods) == (True, ["PATCH", "GET", "PATCH"])
    # Nobody's fields are in the way of this one, and it is somebody else's still.
    connection.post(CONFIG_MAPS, manifest(data={"b": "1"}), fieldManager="helm")
    try:
        (found,), methods = tried_as_new(manifest(data={"a": "2"}))
        assert "belongs to `helm`" in found.why
        assert methods[:2] == ["PATCH", "GET"]
    finally:
        connection.delete(f"{CONFIG_MAPS}/tried")


def test_what_is_so_already_costs_no_dry_run(connection, monkeypatch):
    put(connection, deployment())
    asked = []
    patch = Connection.patch
    monkeypatch.setattr(Connection, "patch", lambda *args, **more: asked.append(args[1]) or patch(*args, **more))
    assert rehearse(connection, WEB, Wanted("r1", (deployment(),))) == ()
    assert asked == []
    assert rehearse(connection, WEB, Wanted("r1", (deployment(minReadySeconds=1),))) == ()
    assert asked == ["/apis/apps/v1/namespaces/default/deployments/tried"]
