import pytest

from kubefleet.kube.namespace_content import judge
from kubefleet.kube.object_ref import ObjectRef

pytestmark = pytest.mark.fast

OWNER = {"ownerReferences": [{"kind": "ReplicaSet", "name": "web", "uid": "u"}]}


@pytest.mark.parametrize(
    ("kind", "name", "metadata", "foreign", "leaving"),
    [
        ("ConfigMap", "theirs", {}, 1, 0),
        ("ConfigMap", "kube-root-ca.crt", {}, 0, 0),
        ("ServiceAccount", "default", {}, 0, 0),
        ("ServiceAccount", "builder", {}, 1, 0),
        ("Event", "web.1", {}, 0, 0),
        ("PersistentVolumeClaim", "data-web-0", {}, 1, 0),
        ("Pod", "web-1", OWNER, 0, 1),
        ("Pod", "alone", {}, 1, 0),
        ("Pod", "alone", {"deletionTimestamp": "2026-01-01T00:00:00Z"}, 0, 1),
    ],
)
def test_a_namespace_is_empty_when_only_what_kubernetes_made_is_in_it(kind, name, metadata, foreign, leaving):
    found = judge([(ObjectRef("v1", kind, "shop", name), metadata)])
    assert (len(found.foreign), len(found.leaving)) == (foreign, leaving)
