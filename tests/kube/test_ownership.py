import json

import pytest

from kubefleet.kube.drift import drift_of, without_drift
from kubefleet.kube.manifest import body_of
from kubefleet.kube.ownership import Standing, classify, may_delete, owners
from kubefleet.kube.placement_identity import PlacementIdentity, field_manager, is_manager_of, placement_of

pytestmark = pytest.mark.fast

WEB = PlacementIdentity("a" * 16, "web", "prod", "shop")
API = PlacementIdentity("b" * 16, "api", "prod", "shop")


def config(data: dict | None = None, kind: str = "ConfigMap", namespace: str = "shop") -> dict:
    metadata = {"name": "settings", "namespace": namespace} if namespace else {"name": "settings"}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, "data": data or {"color": "blue"}}


def fields(body: dict) -> dict:
    content = {key: value for key, value in body.items() if key not in ("apiVersion", "kind")}
    content["metadata"] = {key: body["metadata"][key] for key in body["metadata"] if key not in ("name", "namespace")}
    return tree(content)


def tree(value: object) -> dict:
    return {f"f:{key}": tree(item) for key, item in value.items()} if isinstance(value, dict) else {}


def stored(*sharers: tuple[PlacementIdentity, dict], **metadata) -> dict:
    """A live object as server-side apply leaves it after each of the placements has applied its manifest."""
    bodies = [(identity.manager, body_of(manifest, identity, "r1")) for identity, manifest in sharers]
    live = json.loads(json.dumps(bodies[0][1]))
    for _, body in bodies[1:]:
        live["data"] |= body["data"]
        live["metadata"]["annotations"] |= body["metadata"]["annotations"]
    live["metadata"] |= {
        "uid": "u-1",
        "resourceVersion": "7",
        "managedFields": [
            {"manager": manager, "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": fields(body)}
            for manager, body in bodies
        ],
        **metadata,
    }
    return live


def foreign(manager: str = "kubectl", **metadata) -> dict:
    live = config({"color": "red"})
    entry = {"manager": manager, "operation": "Update", "fieldsV1": {"f:data": {".": {}, "f:color": {}}}}
    live["metadata"] |= {"uid": "u-9", "resourceVersion": "7", "managedFields": [entry], **metadata}
    return live


def judge(live, manifest=None, identity=WEB, **more):
    return classify(body_of(manifest or config(), identity, "r1"), live, identity, **more)


def test_what_is_not_there_is_absent():
    assert judge(None).standing is Standing.ABSENT


def test_what_we_applied_is_ours():
    found = judge(stored((WEB, config())))
    assert (found.standing, found.others, found.conflicts) == (Standing.OURS, (), ())
    assert found.ref.uid == "u-1"


def test_what_we_applied_is_ours_also_after_its_content_was_changed_by_hand():
    live = stored((WEB, config()))
    live["data"]["color"] = "red"
    assert judge(live).standing is Standing.OURS


def test_what_somebody_else_made_is_foreign_with_manager_and_field_named_and_no_value():
    found = judge(foreign())
    assert found.standing is Standing.FOREIGN
    (conflict,) = found.conflicts
    assert (conflict.manager, conflict.fields) == ("kubectl", (".data.color",))
    assert str(conflict).startswith("ConfigMap shop/settings belongs to `kubectl` (fields .data.color).")
    assert "red" not in str(conflict)
    assert "blue" not in str(conflict)


def test_an_object_with_equal_values_is_foreign_all_the_same():
    live = foreign()
    live["data"] = {"color": "blue"}
    assert judge(live).standing is Standing.FOREIGN


def test_a_manager_that_holds_none_of_our_fields_is_still_named():
    live = foreign("helm")
    live["metadata"]["managedFields"][0]["fieldsV1"] = {"f:data": {"f:other": {}}}
    (conflict,) = judge(live).conflicts
    assert (conflict.manager, conflict.fields) == ("helm", ())


def test_an_object_without_managed_fields_is_foreign_too():
    live = foreign()
    del live["metadata"]["managedFields"]
    assert [conflict.manager for conflict in judge(live).conflicts] == ["unknown"]


def test_a_copy_that_carries_our_annotation_is_not_ours():
    live = foreign(annotations={WEB.owner_annotation: "Deployment/shop/settings"})
    assert judge(live).standing is Standing.FOREIGN


def test_what_a_controller_owns_is_not_ours_even_with_a_matching_annotation():
    live = stored((WEB, config()), ownerReferences=[{"kind": "Thing", "name": "x", "controller": True}])
    assert judge(live).standing is Standing.FOREIGN
    assert owners(live) == ()


def test_a_follower_of_another_placement_with_the_same_content_is_shared():
    found = judge(stored((API, config())))
    assert (found.standing, found.others) == (Standing.SHARED, (API.uid,))


def test_a_follower_that_both_own_is_shared():
    assert judge(stored((WEB, config()), (API, config()))).standing is Standing.SHARED


@pytest.mark.parametrize(
    ("ours", "theirs", "paths"),
    [
        ({"color": "blue"}, {"color": "red"}, (".data.color",)),
        ({"color": "blue", "size": "5"}, {"color": "blue"}, (".data.size",)),
        ({"color": "blue"}, {"color": "blue", "size": "5"}, (".data.size",)),
    ],
)
def test_a_follower_with_other_content_is_refused_naming_both(ours, theirs, paths):
    found = judge(stored((API, config(theirs))), config(ours))
    assert found.standing is Standing.FOREIGN
    (conflict,) = found.conflicts
    assert conflict.fields == paths
    assert conflict.manager == API.manager
    assert "Placement `api` has other content" in conflict.hint


def test_partners_of_the_same_run_may_change_a_follower_together():
    live = stored((WEB, config({"color": "red"})), (API, config({"color": "red"})))
    assert judge(live).standing is Standing.FOREIGN
    assert judge(live, partners=frozenset({API.uid})).standing is Standing.SHARED


def test_an_object_that_is_no_follower_is_never_shared():
    service = config(kind="Service")
    assert judge(stored((API, service)), service).standing is Standing.FOREIGN


def test_a_namespace_that_exists_already_is_refused_with_the_way_out():
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}}
    live = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default", "uid": "u"}}
    (conflict,) = judge(live, namespace).conflicts
    assert conflict.hint == "Leave it out of the manifests: an existing namespace is used as it is."


def test_ours_that_is_being_deleted_is_going():
    assert judge(stored((WEB, config()), deletionTimestamp="2026-01-01T00:00:00Z")).standing is Standing.GOING


def test_only_annotation_and_field_manager_together_allow_a_deletion():
    live = stored((WEB, config()))
    assert may_delete(live, WEB.uid)
    assert not may_delete(live, API.uid)
    recreated = foreign(annotations={WEB.owner_annotation: "ConfigMap/shop/settings"})
    assert not may_delete(recreated, WEB.uid)
    copied = stored((WEB, config()), ownerReferences=[{"controller": True}])
    assert not may_delete(copied, WEB.uid)


def test_the_field_manager_names_the_placement_and_never_exceeds_what_the_server_takes():
    assert WEB.manager == f"kubefleet/web.{WEB.uid}"
    long = field_manager("x" * 200, WEB.uid)
    assert len(long) == 128
    assert placement_of(long) == ("x" * 101, WEB.uid)
    assert is_manager_of(field_manager("v1.web", WEB.uid), WEB.uid)


@pytest.mark.parametrize("manager", ["kubectl", "kubefleet/web", "kubefleet/.", f"other/web.{WEB.uid}"])
def test_a_foreign_manager_is_not_taken_for_a_placements(manager):
    assert placement_of(manager) is None
    assert not is_manager_of(manager, WEB.uid)


def test_one_that_only_wants_a_namespace_to_exist_has_no_say_in_what_it_looks_like():
    plain = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "annotations": {}}}
    made = {**plain, "metadata": {"name": "shop", "annotations": {"pulumi-kubefleet/if-missing": "true"}}}
    labelled = {**plain, "metadata": {"name": "shop", "labels": {"team": "a"}}}
    there = stored((API, made))
    assert classify(body_of(labelled, WEB, "r"), there, WEB).standing is Standing.SHARED
    assert classify(body_of(made, WEB, "r"), stored((API, labelled)), WEB).standing is Standing.FOREIGN


def test_drift_is_what_others_hold_with_another_value_but_not_what_an_autoscaler_has_set():
    live = stored((WEB, config()))
    live["data"]["color"] = "red"
    live["spec"] = {"replicas": 5}
    entries = live["metadata"]["managedFields"]
    entries += [
        {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {"f:data": {"f:color": {}}}},
        {"manager": "other", "operation": "Update", "fieldsV1": {"f:metadata": {"f:labels": {"f:x": {}}}}},
        {
            "manager": "kube-controller-manager",
            "operation": "Update",
            "subresource": "scale",
            "fieldsV1": {"f:spec": {"f:replicas": {}}},
        },
    ]
    body = {**body_of(config(), WEB, "r1"), "spec": {"replicas": 3}}
    (found,) = drift_of(body, live)
    assert (found.manager, found.fields) == ("kubectl-edit", (".data.color",))
    assert without_drift(body, live)["data"] == {}
    assert without_drift(body, live)["spec"] == {"replicas": 3}
