"""What is kept of the revision before: that which our manager has applied, and nothing else."""

import pytest

from kubefleet.kube.kept_revision import kept_from
from kubefleet.kube.object_ref import ref_of

pytestmark = pytest.mark.fast

MANAGER = "kubefleet/web.u"
LIVE = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {
        "name": "web",
        "namespace": "shop",
        "uid": "1",
        "resourceVersion": "7",
        "labels": {"a": "ours", "b": "theirs"},
        "managedFields": [
            {
                "manager": MANAGER,
                "operation": "Apply",
                "fieldsV1": {
                    "f:metadata": {"f:labels": {"f:a": {}}},
                    "f:spec": {
                        "f:template": {"f:spec": {"f:containers": {'k:{"name":"web"}': {"f:name": {}, "f:image": {}}}}}
                    },
                },
            },
            {
                "manager": MANAGER,
                "operation": "Update",
                "subresource": "scale",
                "fieldsV1": {"f:spec": {"f:replicas": {}}},
            },
            {"manager": "other", "operation": "Apply", "fieldsV1": {"f:metadata": {"f:labels": {"f:b": {}}}}},
        ],
    },
    "spec": {"replicas": 3, "template": {"spec": {"containers": [{"name": "web", "image": "web:1", "tty": True}]}}},
    "status": {"replicas": 3},
}


def test_only_what_our_manager_has_applied_is_kept():
    ref = ref_of(LIVE)
    gone = ref_of({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "gone", "namespace": "shop"}})
    kept = kept_from("one", {ref: LIVE, gone: None}, MANAGER)
    assert kept.revision == "one"
    assert kept.manifests == {
        "apps/v1/Deployment/shop/web": {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop", "labels": {"a": "ours"}},
            "spec": {"template": {"spec": {"containers": [{"name": "web", "image": "web:1"}]}}},
        }
    }
