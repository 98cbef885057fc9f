from types import SimpleNamespace

import pytest

from kubefleet.model.autoscaled import Bounds
from kubefleet.rollout.scaling import autoscaled_keys, bounds_on
from kubefleet.rollout.wanted import NO_BOUNDS, wanted_on

pytestmark = pytest.mark.fast

KEY = "Deployment/shop/web"
METADATA = {"name": "web", "namespace": "shop"}
MANIFESTS = {
    "deployment": {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": METADATA,
        "spec": {"replicas": 9, "a": 1},
    },
    "hpa": {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": METADATA,
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "minReplicas": 4, "maxReplicas": 20},
    },
}


def task(divided=True, **target):
    seats = {name: {KEY: count} for name, count in target.items()}
    return SimpleNamespace(manifests=MANIFESTS, everywhere=seats, divides_companions=divided)


def specs(replicas, bounds=NO_BOUNDS):
    found = wanted_on(MANIFESTS, "r", {KEY: replicas}, bounds=bounds)
    return {item["kind"]: item["spec"] for item in found.objects}, found.bookings


def test_replicas_of_an_autoscaled_workload_are_left_out_and_its_minimum_is_booked():
    found, (booking,) = specs(2, {KEY: Bounds(2, 10)})
    assert found["Deployment"] == {"a": 1}
    assert (found["HorizontalPodAutoscaler"]["minReplicas"], found["HorizontalPodAutoscaler"]["maxReplicas"]) == (2, 10)
    assert booking.replicas == 2


def test_of_a_whole_copy_the_autoscaler_is_left_as_it_is():
    found, _ = specs(4)
    assert found["Deployment"] == {"a": 1}
    assert found["HorizontalPodAutoscaler"] == MANIFESTS["hpa"]["spec"]


def test_where_a_workload_got_no_replica_it_has_none_and_no_autoscaler():
    found, _ = specs(0)
    assert found == {"Deployment": {"a": 1, "replicas": 0}}


def test_each_cluster_gets_its_part_of_a_divided_autoscaler():
    made = task(eu=3, us=1)
    assert bounds_on(made, "eu", {KEY: 3}) == {KEY: Bounds(3, 15)}
    assert bounds_on(made, "us", {KEY: 1}) == {KEY: Bounds(1, 5)}
    assert autoscaled_keys(made) == {KEY}


def test_a_cluster_keeps_what_it_still_has_until_the_others_have_theirs():
    assert bounds_on(task(eu=1, us=3), "eu", {KEY: 8}) == {KEY: Bounds(8, 8)}


def test_whole_copies_have_no_parts():
    assert bounds_on(task(divided=False, eu=4), "eu", {KEY: 4}) == {}
