from fractions import Fraction

import pytest
from immutabledict import immutabledict

from kubefleet.model.amounts import parse_amounts
from kubefleet.model.measured import measure
from kubefleet.model.property import Value, Version, make_property, parse_value
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
    found = measure([shape(3, "4", "1500m"), shape(2, "16", "-1")])
    assert {name: found[name].text for name in found} == {
        "allocatable-cpu": "44",
        "available-cpu": "2500m",
        "node-count": "5",
        "node-max-cpu": "16",
        "node-min-cpu": "4",
        "sku/big/count": "2",
        "total-cpu": "44",
    }
    assert found["available-cpu"].value == Fraction(5, 2)


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
