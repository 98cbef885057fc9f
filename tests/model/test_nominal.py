import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubefleet.model.nominal import whole_memory
from kubefleet.model.quantity import amount_of, format_amount

pytestmark = pytest.mark.fast

STEP = 8 * 2**30


@pytest.mark.parametrize(
    ("capacity", "built"),
    [
        ("131912696Ki", "128Gi"),
        ("7.7Gi", "8Gi"),
        ("7.5Gi", "7680Mi"),
        ("31Gi", "32Gi"),
        ("121.6Gi", "128Gi"),
        ("121.5Gi", "124416Mi"),
        ("187Gi", "192Gi"),
        ("251Gi", "256Gi"),
        ("377Gi", "384Gi"),
        ("503Gi", "512Gi"),
        ("755Gi", "768Gi"),
        ("1007Gi", "1Ti"),
        ("1130Gi", "1152Gi"),
        ("504Gi", "504Gi"),
        ("128Gi", "128Gi"),
    ],
)
def test_memory_is_what_the_machine_was_built_with(capacity: str, built: str) -> None:
    assert format_amount("memory", whole_memory(amount_of("memory", capacity))) == built


@given(st.integers(1, 2**42))
def test_it_is_never_less_than_what_is_reported_and_at_most_five_per_cent_more(capacity: int) -> None:
    built = whole_memory(capacity)
    assert capacity <= built
    assert built * 95 <= capacity * 100
    assert built == capacity or built % STEP == 0


@given(st.integers(1, 512), st.integers(0, 50))
def test_whoever_asks_for_a_machines_size_gets_it(log: int, thousandths: int) -> None:
    size = 2 ** (33 + log % 8)
    assert whole_memory(size - size * thousandths // 1000) >= size
