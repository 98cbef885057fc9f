import copy
from dataclasses import replace

import pytest

from kubefleet.kube.due import is_applied
from kubefleet.kube.manifest import OPERATOR_ANNOTATION, body_of, content_of
from kubefleet.kube.placement_identity import PlacementIdentity

pytestmark = pytest.mark.fast

WEB = PlacementIdentity("a" * 16, "web", "prod", "shop")
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {
        "name": "web",
        "namespace": "shop",
        "labels": {"app": "web"},
        "annotations": {"note": "x"},
        "uid": "u",
        "resourceVersion": "1",
        "generation": 3,
        "managedFields": [],
        "creationTimestamp": None,
    },
    "spec": {"replicas": 2, "template": {"metadata": {"labels": {"app": "web"}}}},
    "status": {"replicas": 2},
}


def test_the_body_carries_owner_and_revision_and_nothing_that_the_server_sets():
    body = body_of(DEPLOYMENT, WEB, "r1")
    assert body["metadata"] == {
        "name": "web",
        "namespace": "shop",
        "labels": {"app": "web"},
        "annotations": {
            "note": "x",
            WEB.owner_annotation: "Deployment/shop/web",
            "pulumi-kubefleet/revision": "r1",
        },
    }
    assert "status" not in body


def test_the_operator_stands_on_what_is_written_and_makes_no_difference():
    by_alice, by_bob = (body_of(DEPLOYMENT, replace(WEB, operator=name), "r1") for name in ("alice", "bob"))
    assert by_alice["metadata"]["annotations"][OPERATOR_ANNOTATION] == "alice"
    fields = {
        "f:metadata": {"f:labels": {"f:app": {}}, "f:annotations": {f"f:{key}": {} for key in _annotations(by_alice)}},
        "f:spec": {"f:replicas": {}, "f:template": {"f:metadata": {"f:labels": {"f:app": {}}}}},
    }
    entry = {"manager": WEB.manager, "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": fields}
    live = {**by_alice, "metadata": {**by_alice["metadata"], "managedFields": [entry]}}
    assert is_applied(by_alice, live, WEB.manager)
    assert is_applied(by_bob, live, WEB.manager)
    assert is_applied(body_of(DEPLOYMENT, WEB, "r1"), live, WEB.manager)
    assert not is_applied(body_of(DEPLOYMENT, replace(WEB, operator="bob"), "r2"), live, WEB.manager)


def _annotations(body):
    return body["metadata"]["annotations"]


def test_the_manifest_itself_and_its_pod_template_stay_untouched():
    before = copy.deepcopy(DEPLOYMENT)
    body = body_of(DEPLOYMENT, WEB, "r1")
    assert before == DEPLOYMENT
    assert body["spec"] == DEPLOYMENT["spec"]


def test_the_plain_strings_of_a_secret_become_data_and_win():
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "key", "namespace": "shop"},
        "data": {"a": "b2xk", "b": "Yg=="},
        "stringData": {"a": "new"},
    }
    body = body_of(secret, WEB, "r1")
    assert body["data"] == {"a": "bmV3", "b": "Yg=="}
    assert "stringData" not in body


@pytest.mark.parametrize("kind", ["Namespace", "ServiceAccount", "ConfigMap", "Secret"])
def test_what_several_placements_may_share_carries_no_revision_they_would_differ_in(kind):
    body = body_of({"apiVersion": "v1", "kind": kind, "metadata": {"name": "a"}}, WEB, "r1", created=True)
    annotations = {WEB.owner_annotation: f"{kind}//a"}
    if kind == "Namespace":
        annotations["pulumi-kubefleet/created"] = "true"
    assert body["metadata"]["annotations"] == annotations


def test_the_content_is_what_the_user_wrote_without_address_and_our_annotations():
    body = body_of(DEPLOYMENT, WEB, "r1")
    assert content_of(body) == {
        "metadata": {"labels": {"app": "web"}, "annotations": {"note": "x"}},
        "spec": DEPLOYMENT["spec"],
    }
