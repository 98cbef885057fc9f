"""Aligned packing: pods that fit only if every node gets those that suit what it has left."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubefleet.scheduling.aligned import Group, Wanted, align

pytestmark = pytest.mark.fast

ANY = (True, True)


def test_small_pods_fill_what_large_ones_leave_of_another_resource() -> None:
    # Cpu and memory: either kind alone fills a node to the half; one after the other they leave four pods out.
    nodes = [(0, 2, (8, 8))]
    assert align(nodes, [((2, 1), ANY, 4), ((1, 2), ANY, 4)])[0] == [0, 0]


def test_what_only_some_nodes_accept_goes_there() -> None:
    left, after = align([(0, 1, (4,)), (1, 1, (4,))], [((1,), (True, True), 4), ((1,), (True, False), 4)])
    assert left == [0, 0]
    assert [free for _, (_, _, free) in after] == [(0,), (0,)]


def test_what_was_left_out_comes_first_the_next_time() -> None:
    # The three large pods fit only if no small one is in their way.
    assert align([(0, 3, (5, 5))], [((4, 4), ANY, 3), ((1, 1), ANY, 3)])[0] == [0, 0]


def test_no_nodes_hold_nothing() -> None:
    assert align([], [((1,), ANY, 3)]) == ([3], [])


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(1, 3), st.tuples(st.integers(0, 9), st.integers(0, 9))), max_size=4
    ),
    st.lists(
        st.tuples(
            st.tuples(st.integers(0, 4), st.integers(1, 4)), st.tuples(st.booleans(), st.booleans()), st.integers(0, 9)
        ),
        max_size=4,
    ),
)
def test_nothing_is_lost_and_no_node_is_overfull(groups: list[Group], wanted: list[Wanted]) -> None:
    left, after = align(groups, wanted)
    assert all(0 <= out <= pods for out, (_, _, pods) in zip(left, wanted, strict=True))
    assert all(have >= 0 for _, (_, _, free) in after for have in free)
    for place, (kind, count, _) in enumerate(groups):
        assert sum(each[1] for of, each in after if of == place and each[0] == kind) == count
    for r in range(2):
        gone = sum(count * free[r] for _, count, free in groups) - sum(n * free[r] for _, (_, n, free) in after)
        laid = sum(need[r] * (pods - out) for (need, _, pods), out in zip(wanted, left, strict=True))
        assert gone == laid
    # What is left out fits nowhere.
    for (need, accepts, _), out in zip(wanted, left, strict=True):
        roomy = [1 for _, (kind, _, free) in after if accepts[kind] and all(map(int.__le__, need, free))]
        assert not out or not roomy
