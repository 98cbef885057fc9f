import itertools
import random

import pytest

from kubefleet.kube.object_ref import ObjectRef, ref_of
from kubefleet.kube.order import apply_waves, removal_waves
from kubefleet.spec.order_annotation import ORDER_ANNOTATION

pytestmark = pytest.mark.fast


def manifest(kind: str, name: str = "a", order: object = None, namespace: str = "shop") -> dict:
    api_version, _, kind = kind.rpartition("/")
    annotations = {} if order is None else {"annotations": {ORDER_ANNOTATION: order}}
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": namespace, **annotations}}


ALL = [
    manifest("v1/Namespace"),
    manifest("scheduling.k8s.io/v1/PriorityClass"),
    manifest("apiextensions.k8s.io/v1/CustomResourceDefinition"),
    manifest("v1/Secret"),
    manifest("policy/v1/PodDisruptionBudget"),
    manifest("rbac.authorization.k8s.io/v1/Role"),
    manifest("rbac.authorization.k8s.io/v1/RoleBinding"),
    manifest("apps/v1/Deployment"),
    manifest("v1/Service"),
    manifest("admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration"),
    manifest("example.com/v1/Thing"),
]


def test_objects_are_applied_tier_by_tier_whatever_the_order_they_are_written_in():
    shuffled = random.Random(7).sample(ALL, len(ALL))
    kinds = [sorted(m["kind"] for m in wave.objects) for wave in apply_waves(shuffled)]
    assert kinds == [
        ["Namespace", "PriorityClass"],
        ["CustomResourceDefinition"],
        ["PodDisruptionBudget", "Secret"],
        ["Role"],
        ["RoleBinding"],
        ["Deployment", "Service"],
        ["ValidatingWebhookConfiguration"],
        ["Thing"],
    ]


def test_only_crds_and_earlier_waves_of_a_tier_are_waited_for():
    objects = [*ALL, manifest("batch/v1/Job", "migrate", order="-1")]
    waited = [m["kind"] for wave in apply_waves(objects) if wave.wait for m in wave.objects]
    assert waited == ["CustomResourceDefinition", "Job"]


def test_waves_go_by_number_not_by_text():
    orders = ["10", "9", "-2", None, 3]
    jobs = [manifest("batch/v1/Job", f"job-{place}", order=order) for place, order in enumerate(orders)]
    names = [[m["metadata"]["name"] for m in wave.objects] for wave in apply_waves(jobs)]
    assert names == [["job-2"], ["job-3"], ["job-4"], ["job-1"], ["job-0"]]


@pytest.mark.parametrize("order", ["first", "1.5", "", [], {}])
def test_an_order_that_is_no_integer_is_refused_by_its_value(order):
    with pytest.raises(ValueError, match="expected an integer"):
        apply_waves([manifest("v1/Pod", order=order)])


def test_the_order_inside_a_wave_is_always_the_same():
    services = [manifest("v1/Service", name) for name in "cab"]
    found = {tuple(m["metadata"]["name"] for m in apply_waves(p)[0].objects) for p in itertools.permutations(services)}
    assert found == {("a", "b", "c")}


def test_a_kind_of_a_foreign_group_is_not_taken_for_the_kind_of_that_name():
    waves = apply_waves([manifest("serving.example.com/v1/Service"), manifest("v1/Service")])
    assert [wave.objects[0]["apiVersion"] for wave in waves] == ["v1", "serving.example.com/v1"]


def test_removal_is_the_reverse_of_applying():
    applied = [ref_of(m) for wave in apply_waves(ALL) for m in wave.objects]
    removed = [ref for wave in removal_waves((ref, 0) for ref in applied) for ref in wave]
    assert removed == applied[::-1]


def test_removal_takes_later_waves_first():
    server, migration = ObjectRef("apps/v1", "Deployment", "shop", "a"), ObjectRef("batch/v1", "Job", "shop", "a")
    assert removal_waves([(migration, -1), (server, 0)]) == ((server,), (migration,))
