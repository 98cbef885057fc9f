"""Node pools of members: those that stand for nodes that are not there yet, and those that may grow."""

import json
from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from immutabledict import immutabledict
from test_snapshot_faults import AMOUNTS, AUTOSCALER, HEALTHY, NOW, Response, look, member

from kubefleet.kube.autoscaling import Autoscaling, KarpenterPool, NodeGroup, parse_status
from kubefleet.kube.growing import find_growth
from kubefleet.model.amounts import parse_amounts
from kubefleet.model.cluster import ClusterState
from kubefleet.model.growth import Growth
from kubefleet.model.member import Member
from kubefleet.model.node_pool import NodePool
from kubefleet.model.shape import NodeShape

__all__ = ["member"]

pytestmark = pytest.mark.fast

SIZE = parse_amounts(AMOUNTS)
POOL = NodePool("main", SIZE, SIZE, count=3, max_count=5)
YAML = """
time: 2026-01-01 00:00:00
autoscalerStatus: Running
nodeGroups:
- name: https://content.googleapis.com/compute/v1/projects/p/zones/a/instanceGroups/gke-prod-gpu-1a2b-grp
  health: {status: Healthy, cloudProviderTarget: 1, minSize: 0, maxSize: 3}
- name: https://content.googleapis.com/compute/v1/projects/p/zones/b/instanceGroups/gke-prod-gpu-3c4d-grp
  health: {status: Healthy, cloudProviderTarget: 0, minSize: 0, maxSize: 2}
- name: odd
  health: {status: Healthy, maxSize: many}
- 7
"""
PROSE = """Cluster-autoscaler status at 2023-03-27 10:38:18:
Cluster-wide:
  Health:      Healthy (ready=5 registered=5)

NodeGroups:
  Name:        eks-workers-2c1f9d3b
  Health:      Healthy (ready=3 unready=0 registered=3 cloudProviderTarget=3 (minSize=1, maxSize=10))
               LastProbeTime:      2023-03-27 10:38:18
  ScaleUp:     NoActivity (ready=3 cloudProviderTarget=3)

  Name:        eks-gpu-77
  Health:      Healthy (ready=0 cloudProviderTarget=0 (minSize=0, maxSize=4))
"""


def nodes(count: int = 1, ready: bool = True, **labels: str) -> NodeShape:
    found = immutabledict({key.replace("__", "/").replace("_", "-"): value for key, value in labels.items()})
    return NodeShape(count, SIZE, SIZE, ((SIZE, count),), labels=found, schedulable=ready)


def of_pool(name: str, count: int = 1) -> NodeShape:
    return NodeShape(count, SIZE, SIZE, ((SIZE, count),), labels=immutabledict({"agentpool": name}))


def may_add(growth: Growth) -> dict[str, int]:
    return {pool.name: pool.nodes.count for pool in growth.pools}


def born(minutes: int) -> dict[str, Any]:
    created = (NOW - timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")
    system = {"metadata": {"name": "kube-system", "uid": "uid-1", "creationTimestamp": created}}
    return {"/api/v1/namespaces": {"items": [system]}}


def node(name: str, ready: str = "True") -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": ready}]
    status = {"allocatable": AMOUNTS, "capacity": AMOUNTS, "conditions": conditions}
    return {"metadata": {"name": name}, "spec": {}, "status": status}


def test_a_planned_member_has_the_nodes_of_its_pools() -> None:
    gpu = NodePool("gpu", SIZE, SIZE, 2, None, "Standard_X", immutabledict({"topology.kubernetes.io/region": "eu"}))
    cluster = look(Member("eu-1", None, node_pools=(POOL, gpu)))
    assert (cluster.state, cluster.capacity_known) == (ClusterState.PLANNED, True)
    assert [(shape.count, shape.instance_type) for shape in cluster.shapes] == [(3, ""), (2, "Standard_X")]
    assert cluster.properties["node-count"].value == 5
    assert cluster.properties["available-cpu"].value == 20
    assert cluster.properties["sku/Standard_X/count"].value == 2
    assert cluster.properties["region"].value == "eu"
    assert may_add(cluster.growth) == {"main": 2}


def test_of_a_planned_member_without_pools_capacity_is_not_known() -> None:
    cluster = look(Member("eu-1", None))
    assert (cluster.capacity_known, cluster.shapes, cluster.properties) == (False, (), {})


@pytest.mark.parametrize(
    ("minutes", "count", "free"),
    [(-5, 3, 11), (0, 3, 11), (29, 3, 11), (30, 1, 3), (600, 1, 3)],
)
def test_a_young_member_is_completed_from_its_pools(
    member: Callable[..., Member], minutes: int, count: int, free: int
) -> None:
    cluster = look(member(born(minutes), node_pools=(POOL,)))
    assert sum(shape.count for shape in cluster.shapes) == count
    assert cluster.properties["node-count"].value == count
    # One of its nodes is there, with a pod of one cpu.
    assert cluster.properties["available-cpu"].value == Fraction(free)
    assert may_add(cluster.growth) == {"main": 5 - count}


def test_a_young_member_without_pools_is_taken_as_it_is(member: Callable[..., Member]) -> None:
    cluster = look(member(born(1)))
    assert sum(shape.count for shape in cluster.shapes) == 1


def test_nodes_of_a_young_member_that_are_not_ready_yet_count_as_ready(member: Callable[..., Member]) -> None:
    unready = {"/api/v1/nodes": {"items": [node("n1", "False"), node("n2", "False")]}}
    young = look(member(born(1) | unready, node_pools=(POOL,)))
    assert young.state is ClusterState.READY
    assert [(shape.count, shape.schedulable) for shape in young.shapes] == [(3, True)]


def test_nodes_of_an_old_member_that_are_not_ready_are_not(member: Callable[..., Member]) -> None:
    unready = {"/api/v1/nodes": {"items": [node("n1", "False"), node("n2", "False")]}}
    old = look(member(born(60) | unready, node_pools=(POOL,)))
    assert (old.state, old.why) == (ClusterState.NOT_READY, "none of its 2 nodes is ready")


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        (YAML, {"odd": None, "gke-prod-gpu-1a2b-grp": 3, "gke-prod-gpu-3c4d-grp": 2}),
        (PROSE, {"eks-workers-2c1f9d3b": 10, "eks-gpu-77": 4}),
        ("", {}),
        ("Initializing", {}),
        ("nodeGroups: 5", {}),
        ("{", {}),
    ],
)
def test_both_forms_of_the_autoscalers_status(text: str, sizes: dict[str, int | None]) -> None:
    assert {group.name.rpartition("/")[2]: group.max_size for group in parse_status(text)} == sizes


def test_groups_of_several_zones_are_one_pool() -> None:
    found = Autoscaling(tuple(group for group in parse_status(YAML) if group.max_size))
    growth = find_growth([of_pool("gpu"), of_pool("gpu-large", 4)], (), found)
    assert (may_add(growth), growth.unlimited) == ({"gpu": 4}, "")
    assert growth.pools[0].nodes.labels == {"agentpool": "gpu"}


def test_the_longest_name_of_a_pool_in_that_of_a_group_counts() -> None:
    found = Autoscaling((NodeGroup("aks-gpu-large-123-vmss", 6),))
    assert may_add(find_growth([of_pool("gpu"), of_pool("gpu-large", 4)], (), found)) == {"gpu-large": 2}


def test_new_nodes_look_as_declared_and_a_declared_maximum_wins() -> None:
    big = parse_amounts({"cpu": "64"})
    declared = (NodePool("gpu", big, big, 0, 7), NodePool("big", big, big, 0))
    found = Autoscaling((NodeGroup("gpu", 2), NodeGroup("big", 3)))
    growth = find_growth([], declared, found)
    assert may_add(growth) == {"big": 3, "gpu": 7}
    assert {pool.nodes.allocatable["cpu"] for pool in growth.pools} == {64000}


def test_a_pool_that_is_as_large_as_it_may_be_does_not_grow() -> None:
    assert find_growth([of_pool("a", 3)], (), Autoscaling((NodeGroup("a", 3),))) == Growth()


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (Autoscaling((NodeGroup("a", None),)), "cluster-autoscaler's status has no maximum of pool a"),
        (Autoscaling((NodeGroup("b", 4),)), "nobody knows what nodes of pool b look like (declare it in node_pools)"),
        (Autoscaling(pools=(KarpenterPool("a", None),)), "Karpenter has no limits for pool a"),
        (
            Autoscaling(pools=(KarpenterPool("a", parse_amounts({"nvidia.com/gpu": "4"})),)),
            "Karpenter has no limits for pool a",
        ),
        (
            Autoscaling(pools=(KarpenterPool("b", parse_amounts({"cpu": "4"})),)),
            "nobody knows what nodes of pool b look like (declare it in node_pools)",
        ),
        (Autoscaling(unlimited="it is so"), "it is so"),
    ],
)
def test_where_the_maximum_is_not_known_nothing_limits(found: Autoscaling, why: str) -> None:
    assert find_growth([of_pool("a", 2)], (), found) == Growth(unlimited=why)


@pytest.mark.parametrize(
    ("limits", "used", "more"),
    [
        ({"cpu": "20"}, {}, 3),
        ({"cpu": "20", "memory": "24Gi"}, {}, 1),
        ({"cpu": "20"}, {"cpu": "14"}, 1),
        ({"cpu": "100", "nodes": "4"}, {}, 2),
        ({"cpu": "8"}, {}, 0),
        ({"cpu": "100", "nvidia.com/gpu": "0"}, {}, 0),
    ],
)
def test_karpenter_adds_what_its_limits_leave(limits: dict[str, str], used: dict[str, str], more: int) -> None:
    pool = KarpenterPool("a", parse_amounts(limits), parse_amounts(used))
    growth = find_growth([of_pool("a", 2)], (), Autoscaling(pools=(pool,)))
    assert may_add(growth) == ({"a": more} if more else {})


KARPENTER = {
    "metadata": {"name": "karpenter.sh"},
    "versions": [
        {
            "version": "v1",
            "resources": [
                {"resource": "nodepools", "responseKind": {"kind": "NodePool"}, "scope": "Cluster", "verbs": ["list"]}
            ],
        }
    ],
}
SERVED = {"/apis": {"kind": "APIGroupDiscoveryList", "items": [KARPENTER]}}
POOLS = "/apis/karpenter.sh/v1/nodepools"


def denied(status: int = 403) -> Response:
    return Response(json.dumps({"reason": "Forbidden", "message": "no"}), status)


def karpenter_pool(**spec: Any) -> dict[str, Any]:
    return {"items": [{"metadata": {"name": "main"}, "spec": spec, "status": {"resources": {"cpu": "4"}}}]}


@pytest.mark.parametrize(
    ("changes", "pools", "unlimited", "unread"),
    [
        ({}, {}, "", ""),
        ({AUTOSCALER: denied()}, {}, "", "cluster-autoscaler's status may not be read"),
        ({AUTOSCALER: "<html>"}, {}, "", "cluster-autoscaler's status could not be read"),
        ({AUTOSCALER: {"data": None}}, {}, "the status of its cluster-autoscaler has no node groups", ""),
        ({AUTOSCALER: {"data": {"status": "nodeGroups: [{name: main, health: {maxSize: 4}}]"}}}, {"main": 3}, "", ""),
        (SERVED | {POOLS: {"items": []}}, {}, "", ""),
        (SERVED | {POOLS: karpenter_pool(limits={"cpu": "17"})}, {"main": 3}, "", ""),
        (SERVED | {POOLS: karpenter_pool(limits={"cpu": "x"})}, {}, "Karpenter has no limits for pool main", ""),
        (SERVED | {POOLS: denied()}, {}, "Karpenter's node pools may not be read", ""),
        (SERVED | {POOLS: {"items": 5}}, {}, "Karpenter's node pools could not be read", ""),
    ],
)
def test_what_a_member_says_of_its_autoscalers(
    member: Callable[..., Member], changes: dict[str, Any], pools: dict[str, int], unlimited: str, unread: str
) -> None:
    plain = NodePool("main", SIZE, SIZE)
    cluster = look(member(changes, node_pools=(plain,)))
    assert cluster.state is ClusterState.READY
    assert may_add(cluster.growth) == pools
    assert (cluster.growth.unlimited, cluster.growth.unread) == (unlimited, unread)


def test_an_autoscaler_status_that_does_not_come_costs_nothing_else(member: Callable[..., Member]) -> None:
    assert AUTOSCALER in HEALTHY
    cluster = look(member({AUTOSCALER: denied(500)}), deadline=2)
    assert cluster.state is ClusterState.READY
    assert cluster.growth.unread.startswith("cluster-autoscaler's status")
