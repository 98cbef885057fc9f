from fractions import Fraction

import pytest
from immutabledict import immutabledict

from kubefleet.model.amounts import parse_amounts
from kubefleet.model.measured import measure
from kubefleet.model.property import Flaw, Value, Version, is_flawed, make_property, parse_value
from kubefleet.model.selector import Expr, Operator
from kubefleet.model.shape import NodeShape

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (True, True),
        ("false", False),
        (5, Fraction(5)),
        (0.1, Fraction(1, 10)),
        ("16Gi", Fraction(2**34)),
        ("v1.37", Version((1, 37, 0), "v1.37")),
        ("v1.37.2+k3s1", Version((1, 37, 2), "v1.37.2+k3s1")),
        ("v1", "v1"),
        ("1.2.3", "1.2.3"),
        ("eu-west", "eu-west"),
        (["b", "a"], frozenset({"a", "b"})),
        ([], frozenset()),
    ],
)
def test_a_value_is_of_the_kind_that_it_looks_like(raw: object, value: Value) -> None:
    assert parse_value(raw) == value
    assert type(parse_value(raw)) is type(value)


@pytest.mark.parametrize("raw", [None, {"a": 1}, b"x"])
def test_anything_but_a_scalar_or_a_list_is_refused(raw: object) -> None:
    with pytest.raises(ValueError, match="bad property value"):
        parse_value(raw)


def test_versions_are_ordered_by_number_and_a_suffix_does_not_count() -> None:
    texts = ["v2.0.0", "v1.10.1-rc.1", "v1.9.9", "v1.10.0"]
    values = sorted(make_property(text, "user").value for text in texts)
    assert [str(value.text) for value in values if isinstance(value, Version)] == [
        "v1.9.9",
        "v1.10.0",
        "v1.10.1-rc.1",
        "v2.0.0",
    ]
    assert not parse_value("v1.10.1") < parse_value("v1.10.1-rc.1")


@pytest.mark.parametrize(("raw", "text"), [(["b", "a"], "a,b"), (True, "true"), (60, "60"), ("v1.37", "v1.37")])
def test_a_propertys_text_is_what_was_written(raw: object, text: str) -> None:
    assert (make_property(raw, "user").text, make_property(raw, "user").source) == (text, "user")


def shape(count: int, cpu: str, free: str, **labels: str) -> NodeShape:
    whole, left = parse_amounts({"cpu": cpu}), parse_amounts({"cpu": free})
    named = {key.replace("__", "/").replace("_", "."): value for key, value in labels.items()}
    return NodeShape(count, whole, whole, ((left, count),), "big" if cpu == "16" else "", immutabledict(named))


def test_nodes_are_measured_in_number_total_and_by_the_largest_and_smallest() -> None:
    found = measure([shape(3, "4", "1500m"), shape(2, "16", "0")])
    assert {name: found[name].text for name in found} == {
        "allocatable-cpu": "44",
        "available-cpu": "4500m",
        "node-count": "5",
        "node-max-cpu": "16",
        "node-min-cpu": "4",
        "sku/big/count": "2",
        "total-cpu": "44",
    }
    assert found["available-cpu"].value == Fraction(9, 2)


def test_less_than_nothing_free_on_a_node_costs_what_is_available_of_that_resource() -> None:
    found = measure([shape(3, "4", "1500m"), shape(2, "16", "-2"), shape(1, "16", "-1")])
    assert found["available-cpu"].value == Flaw("a node has -2 of it free")
    assert found["allocatable-cpu"].value == 60


@pytest.mark.parametrize(
    ("raw", "name", "why"),
    [
        (float("nan"), "x", "`nan` is no number"),
        (float("-inf"), "x", "`-inf` is no number"),
        ("NaN", "x", "`NaN` is no number"),
        ("8 cores", "available-cpu", "`8 cores` is no quantity"),
        ("many", "accelerator/H100/count", "`many` is no quantity"),
        (True, "node-count", "`true` is no quantity"),
        ("-3", "network/bandwidth-gbps", "`-3` is negative"),
    ],
)
def test_a_value_that_cannot_be_used_is_a_flaw_with_a_reason(raw: object, name: str, why: str) -> None:
    found = make_property(raw, "user", name)
    assert found.value == Flaw(why)
    assert is_flawed(found)
    for operator, values in ((Operator.EXISTS, ()), (Operator.GE, ("0",)), (Operator.EQ, (found.text,))):
        assert not Expr(name, operator, values).matches_property(found)
    assert Expr(name, Operator.DOES_NOT_EXIST).matches_property(found)


@pytest.mark.parametrize("raw", ["60kWh", "1a", "2b", "v1.2", "-3"])
def test_what_a_user_calls_a_property_of_their_own_may_be_any_text(raw: str) -> None:
    assert not is_flawed(make_property(raw, "user", "rack"))


def test_region_architecture_and_zones_come_from_well_known_labels() -> None:
    zone, region, arch = "topology_kubernetes_io__zone", "topology_kubernetes_io__region", "kubernetes_io__arch"
    found = measure(
        [
            shape(2, "4", "4", **{zone: "b", region: "eu", arch: "arm64"}),
            shape(1, "4", "4", **{zone: "a", region: "eu"}),
        ]
    )
    assert (found["region"].text, found["zones"].text, found["architecture/arm64/nodes"].text) == ("eu", "a,b", "2")


def test_a_cluster_in_two_regions_has_none() -> None:
    region = "topology_kubernetes_io__region"
    assert "region" not in measure([shape(1, "4", "4", **{region: "eu"}), shape(1, "4", "4", **{region: "us"})])


def test_a_cluster_without_nodes_has_no_node() -> None:
    assert {name: item.text for name, item in measure([]).items()} == {"node-count": "0"}
