"""The room of the networks within clusters, for pods that have to share one."""

from typing import Any

import pytest
from immutabledict import immutabledict
from makers import NOW, cluster, divided, node, pod

from kubefleet.kube.interest import interest_of
from kubefleet.kube.nodes import make_shapes, read_node
from kubefleet.model.cluster import Cluster
from kubefleet.model.growth import GrowingPool, Growth
from kubefleet.model.network_domain import NETWORK_LABELS
from kubefleet.model.pod_rules import HOSTNAME, PodRules, Pods, PodTerm
from kubefleet.model.policy import Nodes, Policy, PolicyType, Term
from kubefleet.model.request import Request, Workload
from kubefleet.model.selector import Expr, Operator
from kubefleet.model.snapshot import Snapshot
from kubefleet.scheduling import Domain, Room, schedule_and_ask

pytestmark = pytest.mark.fast

RACK, BLOCK = "topology.kubernetes.io/rack", "cloud.provider.com/topology-block"
TYPE, POOL = "node.kubernetes.io/instance-type", "kubernetes.azure.com/agentpool"
IB = {"rdma/ib": "1"}


def asking(term: Term | None = None, networks: tuple[str, ...] = NETWORK_LABELS, **fields: Any) -> Request:
    policy = Policy(PolicyType.PICK_ALL, required=(term,) if term else ())
    return divided("job", policy=policy, networks=networks, **({"size": pod(cpu="4")} | fields))


def room(*clusters: Cluster, request: Request) -> Room:
    return schedule_and_ask(Snapshot(NOW, clusters), [], {}, [request])[1]


def told(domains: tuple[Domain, ...]) -> list[tuple[int, str, dict[str, tuple[str, ...]]]]:
    return [(domain.pods, domain.cluster, {expr.key: expr.values for expr in domain.nodes}) for domain in domains]


def of_fabric(*names: str, **more: str) -> Term:
    exprs = (Expr("network/fabric", Operator.IN, names), *(Expr(key, Operator.GE, (n,)) for key, n in more.items()))
    return Term(nodes=(Nodes(exprs),))


def test_every_level_of_a_network_counts_and_a_cluster_without_labels_is_one() -> None:
    racks = (
        node("8", 2, labels={RACK: "r1", BLOCK: "b"}),
        node("8", 1, labels={RACK: "r2", BLOCK: "b"}),
        node("8", 7, labels={"other": "x"}),
    )
    found = room(cluster("a", *racks), cluster("b", node("8"), node("4", 3)), request=asking())
    assert told(found.domains("job")) == [
        (2, "a", {RACK: ("r2",)}),
        (4, "a", {RACK: ("r1",)}),
        (5, "b", {}),
        (6, "a", {BLOCK: ("b",)}),
    ]
    assert found.places("job").pods == {"a": 20, "b": 5}


def test_a_label_of_the_users_own_is_the_only_one_that_counts() -> None:
    nodes = (node("8", 2, labels={RACK: "r1", "own": "x"}), node("8", 1, labels={RACK: "r1", "own": "y"}))
    found = room(cluster("a", *nodes), request=asking(networks=("own",)))
    assert told(found.domains("job")) == [(2, "a", {"own": ("y",)}), (4, "a", {"own": ("x",)})]


def test_where_a_fabric_is_asked_for_only_nodes_of_it_count_and_others_are_kept_out() -> None:
    fast = node("8", 2, labels={TYPE: "fast"}, **IB)
    mixed = cluster("a", fast, node("8", 9, labels={TYPE: "plain"}))
    alike = cluster("b", node("8", 2, **IB), node("8", 9))
    plain = cluster("c", node("8", 9))
    found = room(mixed, alike, plain, request=asking(of_fabric("infiniband")))
    # Nothing tells those of `b` from the others.
    assert told(found.domains("job")) == [(4, "a", {TYPE: ("fast",)})]


def test_nodes_of_two_fabrics_are_two_networks() -> None:
    ib = node("8", 2, labels={TYPE: "x"}, **IB)
    roce = node("8", 1, labels={TYPE: "y"}, **{"rdma/roce": "1"})
    found = room(cluster("a", ib, roce), request=asking(of_fabric("infiniband", "roce")))
    assert told(found.domains("job")) == [(2, "a", {TYPE: ("y",)}), (4, "a", {TYPE: ("x",)})]


def test_what_else_is_asked_of_the_nodes_of_a_fabric_holds_for_each() -> None:
    small, large = node("8", 2, labels={TYPE: "s"}, **IB), node("16", 1, labels={TYPE: "l"}, **IB)
    found = room(cluster("a", small, large), request=asking(of_fabric("infiniband", cpu="16")))
    assert told(found.domains("job")) == [(4, "a", {TYPE: ("l",)})]


def test_infiniband_ends_at_the_edge_of_a_pool_of_aks() -> None:
    pools = [node("8", count, labels={POOL: name}, **IB) for name, count in (("p", 1), ("q", 2))]
    found = room(cluster("a", *pools), request=asking(of_fabric("infiniband")))
    assert told(found.domains("job")) == [(2, "a", {POOL: ("p",)}), (4, "a", {POOL: ("q",)})]
    # Any other network does not.
    assert told(room(cluster("a", *pools), request=asking()).domains("job")) == [(6, "a", {})]


def test_nodes_that_a_pool_may_add_count_where_no_label_is_needed() -> None:
    growth = Growth((GrowingPool("p", node("8", 3)),))
    assert told(room(cluster("a", node("8"), growth=growth), request=asking()).domains("job")) == [(8, "a", {})]
    racked = cluster("a", node("8", labels={RACK: "r"}), growth=growth)
    assert told(room(racked, request=asking()).domains("job")) == [(2, "a", {RACK: ("r",)})]


def test_a_cluster_of_unknown_capacity_comes_last() -> None:
    found = room(cluster("a"), cluster("b", node("8")), request=asking()).domains("job")
    assert [domain.cluster for domain in found] == ["b", "a"]


def test_who_takes_a_network_leaves_the_others_as_they_are() -> None:
    racks = (node("8", 2, labels={RACK: "r1"}), node("8", 2, labels={RACK: "r2"}))
    found = room(cluster("a", *racks), request=asking())
    first = found.domains("job")[0]
    found.take("job", {"a": 3}, first.nodes)
    assert told(found.domains("job")) == [(1, "a", {RACK: ("r1",)}), (4, "a", {RACK: ("r2",)})]


def test_a_pods_own_selector_holds_as_well() -> None:
    nodes = (node("8", 2, labels={RACK: "r1", "disk": "ssd"}), node("8", 5, labels={RACK: "r1"}))
    size = pod(cpu="4")
    size = type(size)(size.requests, immutabledict({"disk": "ssd"}), ((Expr("disk", Operator.EXISTS),),))
    assert told(room(cluster("a", *nodes), request=asking(size=size)).domains("job")) == [(4, "a", {RACK: ("r1",)})]


def test_where_pods_refuse_each_other_a_network_holds_one_a_node() -> None:
    racks = (node("8", 3, labels={RACK: "r1"}), node("8", 2, labels={RACK: "r2"}))
    labels = immutabledict({"app": "mpi"})
    apart = PodTerm(HOSTNAME, Pods((Expr("app", Operator.IN, ("mpi",)),), frozenset({"default"})))
    rules = PodRules("default", labels, anti_affinity=(apart,))
    request = asking(workloads=(Workload("w", "default", 1, pod(cpu="1"), rules=rules),))
    found = room(cluster("a", *racks), request=request)
    assert told(found.domains("job")) == [(2, "a", {RACK: ("r2",)}), (3, "a", {RACK: ("r1",)})]
    found.take("job", {"a": 2}, found.domains("job")[1].nodes)
    assert told(found.domains("job")) == [(1, "a", {RACK: ("r1",)}), (2, "a", {RACK: ("r2",)})]


def test_labels_of_networks_are_read_however_many_there_are_where_somebody_asks_for_them() -> None:
    nodes = [
        read_node({"metadata": {"name": f"n{i}", "labels": {RACK: f"r{i}"}}, "status": {"allocatable": {"cpu": "8"}}})
        for i in range(100)
    ]
    assert len(make_shapes(nodes, {}, interest_of([asking(networks=())]))) == 1
    assert len(make_shapes(nodes, {}, interest_of([asking()]))) == 100
