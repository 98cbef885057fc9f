"""Sets of indexes, as text and as bitmaps, against plain sets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubefleet.jobs.indexes import (
    MOST,
    NONE,
    Indexes,
    decode,
    encode,
    format_indexes,
    globally,
    lowest,
    parse_indexes,
    runs,
    span,
)

pytestmark = pytest.mark.fast

SETS = st.frozensets(st.integers(0, 60))


@pytest.mark.parametrize(
    ("indexes", "text"),
    [([], ""), ([0], "0"), ([0, 1, 2, 3, 7], "0-3,7"), ([4, 5], "4,5"), ([1, 3, 4, 5, 9, 10], "1,3-5,9,10")],
)
def test_they_are_written_as_kubernetes_writes_them(indexes: list[int], text: str) -> None:
    assert format_indexes(Indexes(indexes)) == text
    assert parse_indexes(text, 60) == Indexes(indexes)


@given(SETS)
def test_text_and_state_give_the_set_again(indexes: frozenset[int]) -> None:
    found = Indexes(indexes)
    assert set(parse_indexes(format_indexes(found), 61)) == indexes
    assert decode(encode(found)) == found
    assert {i for first, last in runs(found) for i in range(first, last + 1)} == indexes
    assert all(first - 1 not in indexes and last + 1 not in indexes for first, last in runs(found))


@given(SETS)
def test_equal_sets_are_equal_text(indexes: frozenset[int]) -> None:
    one_by_one = NONE
    for index in indexes:
        one_by_one = one_by_one | Indexes([index])
    assert encode(one_by_one) == encode(Indexes(sorted(indexes)))


@given(SETS, st.frozensets(st.integers(0, 70)))
def test_a_shard_counts_its_own_from_0(shard: frozenset[int], local: frozenset[int]) -> None:
    every = sorted(shard)
    assert set(globally(Indexes(shard), Indexes(local))) == {every[i] for i in local if i < len(every)}


@given(SETS, st.integers(0, 70))
def test_the_lowest_are_the_lowest(indexes: frozenset[int], count: int) -> None:
    assert list(lowest(Indexes(indexes), count)) == sorted(indexes)[:count]


def test_indexes_that_the_job_does_not_have_are_left_out() -> None:
    assert parse_indexes("0-9999999999,3", 5) == span(0, 5)
    assert parse_indexes("7", 5) == NONE


@pytest.mark.parametrize("text", ["x", "1-", "3-1", "-1", "1,,2-x", "1 2", "1-2-3", "99999999999"])
def test_what_is_no_set_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"bad indexes"):
        parse_indexes(text, 10)


@pytest.mark.parametrize("text", ["x", "", "AAAA", encode(span(0, 9))[:-8]])
def test_what_is_no_bitmap_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"bad set of indexes"):
        decode(text)


def test_a_million_takes_a_few_bytes() -> None:
    assert len(encode(span(0, MOST))) < 500
    assert len(encode(Indexes(range(0, MOST, 2)))) < 200_000
    assert list(runs(span(0, MOST))) == [(0, MOST - 1)]
