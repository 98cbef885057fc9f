from fractions import Fraction

import pytest

from kubefleet.model.amounts import add, largest, parse_amounts, subtract, times
from kubefleet.model.quantity import amount_of, format_amount, parse_quantity

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("12", 12),
        ("+3", 3),
        ("-3", -3),
        ("1.5", Fraction(3, 2)),
        (".5", Fraction(1, 2)),
        ("5.", 5),
        ("500m", Fraction(1, 2)),
        ("100n", Fraction(1, 10_000_000)),
        ("3u", Fraction(3, 1_000_000)),
        ("2k", 2000),
        ("2M", 2_000_000),
        ("1G", 10**9),
        ("1T", 10**12),
        ("1P", 10**15),
        ("1E", 10**18),
        ("1Ki", 1024),
        ("1.5Gi", 3 * 2**29),
        ("1Ei", 2**60),
        ("12e6", 12_000_000),
        ("12E6", 12_000_000),
        ("1e-3", Fraction(1, 1000)),
        (7, 7),
        (0.1, Fraction(1, 10)),
    ],
)
def test_a_quantity_has_the_value_that_the_api_server_gives_it(text: str | float, value: Fraction | int) -> None:
    assert parse_quantity(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1",
        "1 ",
        "1K",
        "1ki",
        "1mi",
        "1kB",
        "m",
        ".",
        "1.2.3",
        "--1",
        "1e",
        "1e3Ki",
        "٣",
        "0x10",
        "inf",
        "nan",
        True,
        "1e99",
    ],
)
def test_what_the_api_server_refuses_is_refused_with_what_was_seen(text: object) -> None:
    with pytest.raises(ValueError, match="bad quantity"):
        parse_quantity(text)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("resource", "text", "amount"),
    [
        ("cpu", "1", 1000),
        ("cpu", "250m", 250),
        ("cpu", "1u", 1),
        ("cpu", "0.1", 100),
        ("memory", "1Gi", 2**30),
        ("memory", "1500m", 2),
        ("nvidia.com/gpu", "8", 8),
    ],
)
def test_an_amount_is_in_whole_units_rounded_up(resource: str, text: str, amount: int) -> None:
    assert amount_of(resource, text) == amount


@pytest.mark.parametrize(
    ("resource", "amount", "text"),
    [
        ("cpu", 8000, "8"),
        ("cpu", 1500, "1500m"),
        ("cpu", 0, "0"),
        ("memory", 16 * 2**30, "16Gi"),
        ("memory", 1536 * 2**20, "1536Mi"),
        ("memory", 0, "0"),
        ("memory", 2**30 + 1, "1.0Gi"),
        ("memory", 1000, "1000"),
        ("hugepages-2Mi", 4 * 2**20, "4Mi"),
        ("nvidia.com/gpu", 8, "8"),
    ],
)
def test_an_amount_is_shown_as_people_write_it(resource: str, amount: int, text: str) -> None:
    assert format_amount(resource, amount) == text


def test_amounts_are_added_resource_by_resource() -> None:
    one, two = parse_amounts({"memory": "1Ki", "cpu": "1"}), parse_amounts({"cpu": "500m", "pods": "3"})
    assert add(one, two) == {"cpu": 1500, "memory": 1024, "pods": 3}
    assert list(add(two, one)) == ["cpu", "memory", "pods"]
    assert add() == {}


def test_what_is_left_may_be_below_zero() -> None:
    assert subtract(parse_amounts({"cpu": "1"}), parse_amounts({"cpu": "3"})) == {"cpu": -2000}


def test_amounts_are_multiplied_and_compared_resource_by_resource() -> None:
    one = parse_amounts({"cpu": "2", "memory": "1"})
    assert times(one, 3) == {"cpu": 6000, "memory": 3}
    assert largest([one, parse_amounts({"cpu": "1", "pods": "4"})]) == {"cpu": 2000, "memory": 1, "pods": 4}


def test_a_bad_amount_names_its_resource() -> None:
    with pytest.raises(ValueError, match="memory: bad quantity `lots`"):
        parse_amounts({"cpu": "1", "memory": "lots"})
