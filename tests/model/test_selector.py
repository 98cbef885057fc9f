import pytest

from kubefleet.model.property import make_property
from kubefleet.model.selector import Expr, Operator

pytestmark = pytest.mark.fast

IN, NOT_IN, EXISTS, ABSENT = Operator.IN, Operator.NOT_IN, Operator.EXISTS, Operator.DOES_NOT_EXIST


@pytest.mark.parametrize(
    ("operator", "values", "labels", "matches"),
    [
        (IN, ("eu", "us"), {"region": "eu"}, True),
        (IN, ("eu", "us"), {"region": "ap"}, False),
        (IN, ("eu",), {}, False),
        (IN, ("",), {}, False),
        (NOT_IN, ("eu",), {"region": "us"}, True),
        (NOT_IN, ("eu",), {"region": "eu"}, False),
        (NOT_IN, ("eu",), {}, True),
        (EXISTS, (), {"region": ""}, True),
        (EXISTS, (), {"zone": "a"}, False),
        (ABSENT, (), {"region": ""}, False),
        (ABSENT, (), {"zone": "a"}, True),
    ],
)
def test_a_label_expression_matches_as_in_kubernetes(
    operator: Operator, values: tuple[str, ...], labels: dict[str, str], matches: bool
) -> None:
    assert Expr("region", operator, values).matches_labels(labels) is matches


@pytest.mark.parametrize(
    ("value", "operator", "wanted", "matches"),
    [
        ("2Ti", "Eq", "2048Gi", True),
        ("2", "Eq", "2.0", True),
        ("2", "Ne", "3", True),
        ("2", "Gt", "2", False),
        ("2", "Ge", "2", True),
        ("1500m", "Lt", "2", True),
        ("2", "Le", "1999m", False),
        ("v1.36.2", "Eq", "v1.36.2-gke.100", True),
        ("v1.36.2", "Ge", "v1.36", True),
        ("v1.9.0", "Lt", "v1.36.0", True),
        ("v1.36.2", "Gt", "v1.36.2", False),
        # of different kinds: never equal, never ordered
        ("v1.36.2", "Gt", "1", False),
        ("2", "Lt", "v3.0", False),
        ("text", "Gt", "1", False),
        ("true", "Eq", "true", True),
        ("true", "Eq", "1", False),
        ("true", "Ge", "true", False),
        ("eu", "In", "eu", True),
        ("eu", "NotIn", "us", True),
        (["infiniband", "ethernet"], "Eq", "infiniband", True),
        (["infiniband", "ethernet"], "In", "roce", False),
        (["infiniband", "ethernet"], "NotIn", "roce", True),
        (["infiniband", "ethernet"], "Ne", "ethernet", False),
        (["2", "3"], "Eq", "2", True),
        ([], "Exists", None, True),
        ("0", "DoesNotExist", None, False),
    ],
)
def test_a_property_expression_compares_by_the_propertys_kind(
    value: object, operator: str, wanted: str | None, matches: bool
) -> None:
    expr = Expr("x", Operator(operator), () if wanted is None else (wanted,))
    assert expr.matches_property(make_property(value, "user")) is matches


@pytest.mark.parametrize(
    ("operator", "matches"),
    [
        ("Eq", False),
        ("Ne", True),
        ("Gt", False),
        ("Ge", False),
        ("Lt", False),
        ("Le", False),
        ("In", False),
        ("NotIn", True),
        ("Exists", False),
        ("DoesNotExist", True),
    ],
)
def test_an_absent_property_satisfies_only_what_denies(operator: str, matches: bool) -> None:
    assert Expr("x", Operator(operator), ("1",)).matches_property(None) is matches


def test_an_expression_reads_as_it_is_written() -> None:
    assert str(Expr("region", Operator.IN, ("eu", "us"))) == "region In eu,us"
    assert str(Expr("region", Operator.EXISTS)) == "region Exists"
