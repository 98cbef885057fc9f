import pytest

from kubefleet.model.autoscaled import Bounds
from kubefleet.scheduling.autoscaled import bounds_by_cluster
from kubefleet.spec.autoscaler import cut_bounds, target_of, with_bounds
from kubefleet.spec.mistakes import Mistake
from kubefleet.spec.workload_cuts import cut_workloads
from kubefleet.spec.workloads import parse_workloads

pytestmark = pytest.mark.fast

WEB = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}, "spec": {}}


def hpa(**spec):
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"scaleTargetRef": target, **spec},
    }


def scaled_object(**spec):
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"scaleTargetRef": {"name": "web"}, **spec},
    }


def parsed(*manifests):
    mistakes: list[Mistake] = []
    return parse_workloads(cut_workloads(manifests), "placements.web", mistakes), [str(item) for item in mistakes]


@pytest.mark.parametrize(
    ("autoscaler", "bounds"),
    [
        (hpa(minReplicas=4, maxReplicas=20), Bounds(4, 20)),
        (hpa(maxReplicas=20), Bounds(1, 20)),
        (scaled_object(), Bounds(0, 100)),
        (scaled_object(minReplicaCount=2, maxReplicaCount=9), Bounds(2, 9)),
    ],
)
def test_bounds_come_from_the_autoscaler_and_replicas_are_its_minimum(autoscaler, bounds):
    (work,), mistakes = parsed({**WEB, "spec": {"replicas": 7}}, autoscaler)
    assert mistakes == []
    assert (work.autoscaled, work.replicas, work.divisible) == (bounds, max(1, bounds.least), True)


@pytest.mark.parametrize("spec", [{"minReplicas": 5, "maxReplicas": 4}, {"minReplicas": 1}, {"maxReplicas": "many"}])
def test_bounds_that_are_none_are_a_mistake_that_shows_them(spec):
    _, mistakes = parsed(WEB, hpa(**spec))
    assert mistakes[0].startswith("placements.web.manifests[Deployment/shop/web]: its autoscaler's bounds are `")


def test_an_autoscaler_of_something_else_changes_nothing():
    other = hpa(minReplicas=2, maxReplicas=3)
    other["metadata"] = {"name": "web", "namespace": "elsewhere"}
    (work,), _ = parsed({**WEB, "spec": {"replicas": 7}}, other)
    assert (work.autoscaled, work.replicas) == (None, 7)


def test_a_target_that_is_not_known_yet_is_none():
    late = hpa()
    late["spec"]["scaleTargetRef"]["name"] = object()
    assert target_of(late) is None
    assert cut_bounds([late]) == {}


@pytest.mark.parametrize("made", [hpa(minReplicas=4, maxReplicas=20), scaled_object(maxReplicaCount=20)])
def test_a_part_replaces_the_bounds_and_nothing_else(made):
    part = with_bounds(made, Bounds(2, 5))
    assert cut_bounds([part]) == {"Deployment/shop/web": {"least": 2, "most": 5}}
    assert part["spec"]["scaleTargetRef"] == made["spec"]["scaleTargetRef"]


def test_the_parts_sum_up_to_the_whole():
    for whole, seats in ((Bounds(4, 20), {"a": 3, "b": 1}), (Bounds(7, 7), {"a": 4, "b": 2, "c": 1})):
        parts = bounds_by_cluster(whole, seats)
        assert sum(part.least for part in parts.values()) == whole.least
        assert sum(part.most for part in parts.values()) == whole.most
        assert all(part.least <= part.most for part in parts.values())


def test_a_cluster_without_replicas_has_no_part():
    assert bounds_by_cluster(Bounds(1, 9), {"a": 1, "b": 0}) == {"a": Bounds(1, 9)}
