from typing import Any

import pytest
from immutabledict import immutabledict

from kubefleet.kube.nodes import make_shapes, read_node
from kubefleet.kube.properties import collect_properties
from kubefleet.model.amounts import Amounts
from kubefleet.model.property import Flaw
from kubefleet.model.shape import with_skus
from kubefleet.model.sku import Sku

pytestmark = pytest.mark.fast


def node(name: str = "n1", *, cpu: str = "4", ready: str = "True", provider: str = "", **more: Any) -> dict[str, Any]:
    amounts = {"cpu": cpu, "memory": "8Gi", "pods": "110"}
    labels = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": f"m{cpu}",
        "topology.kubernetes.io/zone": "eu-1a",
        "topology.kubernetes.io/region": "eu-1",
    }
    return {
        "metadata": {"name": name, "labels": labels | more.pop("labels", {})},
        "spec": {"providerID": provider} | more,
        "status": {
            "allocatable": amounts,
            "capacity": amounts | {"memory": "9Gi"},
            "conditions": [{"type": "Ready", "status": ready}],
        },
    }


def shapes_of(*items: dict[str, Any], taken: dict[str, Amounts] | None = None) -> Any:
    return make_shapes([read_node(item) for item in items], taken or {})


def test_alike_nodes_are_one_shape_whatever_is_free_on_them() -> None:
    taken = {"n2": Amounts({"cpu": 1500, "pods": 3, "nvidia.com/gpu": 1})}
    (shape,) = shapes_of(node("n1"), node("n2"), node("n3"), taken=taken)
    assert shape.count == 3
    assert shape.instance_type == "m4"
    assert [(dict(free), count) for free, count in shape.free] == [
        ({"cpu": 2500, "memory": 8 << 30, "pods": 107}, 1),
        ({"cpu": 4000, "memory": 8 << 30, "pods": 110}, 2),
    ]
    assert "kubernetes.io/hostname" not in shape.labels
    assert shape.labels["topology.kubernetes.io/zone"] == "eu-1a"


@pytest.mark.parametrize(
    "other",
    [
        node("n2", cpu="8"),
        node("n2", labels={"pool": "b"}),
        node("n2", taints=[{"key": "dedicated", "value": "ml", "effect": "NoSchedule"}]),
        node("n2", unschedulable=True),
        node("n2", ready="False"),
    ],
)
def test_nodes_that_differ_in_what_scheduling_sees_are_two_shapes(other: dict[str, Any]) -> None:
    assert len(shapes_of(node("n1"), other)) == 2


@pytest.mark.parametrize("ready", ["False", "Unknown"])
def test_a_node_that_is_not_ready_takes_nothing(ready: str) -> None:
    assert [shape.schedulable for shape in shapes_of(node(ready=ready))] == [False]


def test_the_time_a_taint_was_added_splits_no_shape() -> None:
    taints = [[{"key": "a", "effect": "NoExecute", "timeAdded": f"2026-01-01T00:00:0{second}Z"}] for second in range(2)]
    (shape,) = shapes_of(node("n1", taints=taints[0]), node("n2", taints=taints[1]))
    assert [str(taint) for taint in shape.taints] == ["a:NoExecute"]


def test_a_label_that_every_node_has_its_own_value_of_splits_no_shape() -> None:
    (shape,) = shapes_of(*(node(f"n{index}", labels={"machine": str(index)}) for index in range(100)))
    assert shape.count == 100


def test_the_order_of_nodes_changes_nothing() -> None:
    items = [node("n1"), node("n2", cpu="8"), node("n3", labels={"pool": "b"}), node("n4")]
    assert shapes_of(*items) == shapes_of(*reversed(items))


def test_a_malformed_amount_counts_nothing_and_costs_nothing_else() -> None:
    item = node()
    item["status"]["allocatable"] = {"cpu": "many", "memory": "8Gi"}
    (shape,) = shapes_of(item)
    assert dict(shape.allocatable) == {"memory": 8 << 30}


@pytest.mark.parametrize(
    ("field", "amount", "lost", "why"),
    [
        ("allocatable", "4 c", {"allocatable-cpu", "available-cpu"}, "node n1: allocatable `4 c` is no quantity"),
        ("allocatable", "NaN", {"allocatable-cpu", "available-cpu"}, "node n1: allocatable `NaN` is no quantity"),
        ("capacity", "-4", {"total-cpu", "node-max-cpu", "node-min-cpu"}, "node n1: capacity `-4` is negative"),
    ],
)
def test_a_bad_amount_costs_the_properties_made_of_it_with_a_reason(
    field: str, amount: str, lost: set[str], why: str
) -> None:
    item = node("n1")
    item["status"][field] = {**item["status"][field], "cpu": amount}
    nodes = [read_node(item), read_node(node("n2"))]
    found = collect_properties(nodes, make_shapes(nodes, {}), immutabledict(), "")
    flaws = {name: item.value.why for name, item in found.items() if isinstance(item.value, Flaw)}
    assert flaws == dict.fromkeys(lost, why)
    assert found["total-memory"].text == "18Gi"


def test_a_lying_node_costs_what_is_available_of_that_resource() -> None:
    nodes = [read_node(node("n1")), read_node(node("n2"))]
    shapes = make_shapes(nodes, {"n1": Amounts({"cpu": 7000})})
    found = collect_properties(nodes, shapes, immutabledict({"cpu": 1000}), "")
    assert found["available-cpu"].value == Flaw("a node has -3 of it free")
    assert found["available-memory"].text == "16Gi"


def test_what_instance_types_are_makes_properties() -> None:
    items = [node(f"n{index}", cpu="96") for index in range(2)]
    shapes = with_skus(shapes_of(*items), {"m96": Sku("azure", "H100", 8, fabric=("infiniband",), bandwidth_gbps=3200)})
    found = collect_properties([read_node(item) for item in items], shapes, immutabledict(), "")
    expected = {
        "accelerator/H100/count": "16",
        "accelerator/H100/nodes": "2",
        "network/infiniband/nodes": "2",
        "network/fabric": "infiniband",
        "network/bandwidth-gbps": "3200",
        "provider": "azure",
    }
    assert {name: found[name].text for name in expected} == expected


@pytest.mark.parametrize("item", [{}, {"metadata": {}}, {"metadata": {"name": "n"}, "spec": 1}])
def test_a_node_without_a_name_or_a_spec_is_malformed(item: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="malformed node"):
        read_node(item)


def properties(*items: dict[str, Any], pending: dict[str, int] | None = None, version: str = "v1.37.2") -> Any:
    nodes = [read_node(item) for item in items]
    taken = {"n1": Amounts({"cpu": 500, "pods": 1})}
    found = collect_properties(nodes, make_shapes(nodes, taken), immutabledict(pending or {}), version)
    return {name: item.text for name, item in found.items()}


def test_properties_of_the_standard_table_come_from_nodes() -> None:
    found = properties(node("n1", provider="aws:///eu-1a/i-1"), node("n2", cpu="8", provider="aws:///eu-1a/i-2"))
    expected = {
        "node-count": "2",
        "kubernetes-version": "v1.37.2",
        "provider": "aws",
        "region": "eu-1",
        "zones": "eu-1a",
        "total-cpu": "12",
        "allocatable-cpu": "12",
        "available-cpu": "11500m",
        "total-memory": "18Gi",
        "allocatable-memory": "16Gi",
        "available-memory": "16Gi",
        "available-pods": "219",
        "node-max-cpu": "8",
        "node-min-cpu": "4",
        "sku/m4/count": "1",
        "sku/m8/count": "1",
        "architecture/amd64/nodes": "2",
        "os/linux/nodes": "2",
    }
    assert {name: found.get(name) for name in expected} == expected


def test_what_pending_pods_will_take_is_not_available() -> None:
    found = properties(node("n1"), pending={"cpu": 1000, "memory": 1 << 60})
    assert (found["available-cpu"], found["available-memory"]) == ("2500m", "0")


@pytest.mark.parametrize(
    ("ids", "provider"),
    [
        (["gce://p/z/n"], "gcp"),
        (["azure:///x"], "azure"),
        (["kwok://n"], "kwok"),
        (["aws:///a", "azure:///b"], "aws,azure"),
        (["", "no-scheme"], None),
    ],
)
def test_the_provider_is_the_scheme_of_the_provider_id(ids: list[str], provider: str | None) -> None:
    items = [node(f"n{index}", provider=provider_id) for index, provider_id in enumerate(ids)]
    assert properties(*items).get("provider") == provider


def test_a_cluster_without_nodes_says_so() -> None:
    assert properties(version="") == {"node-count": "0"}
