"""Where the pods of a gang go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubefleet.jobs.divide import Demand, DivideJobBy, Site
from kubefleet.jobs.gang import NoRoom, Seat, all_or_nothing, in_one_domain
from kubefleet.jobs.indexes import span
from kubefleet.model.selector import Expr, Operator
from kubefleet.scheduling import Domain

pytestmark = pytest.mark.fast


def rack(name: str) -> tuple[Expr, ...]:
    return (Expr("rack", Operator.IN, (name,)),)


DOMAINS = (Domain(16, "a", ()), Domain(8, "c", rack("r1")), Domain(8, "b", rack("r9")), Domain(4, "b", rack("r2")))


@pytest.mark.parametrize(
    ("demand", "cluster", "seat"),
    [
        (Demand(8), "b", Seat(span(0, 8), 8, rack("r9"))),
        (Demand(9), "a", Seat(span(0, 9), 9)),
        (Demand(100, 4), "b", Seat(span(0, 100), 4, rack("r2"))),
        (Demand(2, 4), "b", Seat(span(0, 2), 2, rack("r2"))),
    ],
)
def test_it_goes_where_the_least_room_is_that_is_enough_by_name_where_several_have_it(demand, cluster, seat) -> None:
    assert in_one_domain(DOMAINS, demand) == {cluster: seat}
    assert in_one_domain(DOMAINS[::-1], demand) == {cluster: seat}


def test_it_is_never_split_but_queued_and_says_who_has_the_most_room() -> None:
    with pytest.raises(NoRoom) as none:
        in_one_domain(DOMAINS[1:], Demand(9))
    assert str(none.value) == "queued: no room for all 9 pods at once; the most are 8, in rack=r9 of b"
    assert none.value.most == 8
    with pytest.raises(NoRoom, match="no cluster has a network for them"):
        in_one_domain((), Demand(9))


def test_over_clusters_without_room_for_all_it_is_queued() -> None:
    with pytest.raises(NoRoom) as none:
        all_or_nothing(DivideJobBy.MAKESPAN, [Site("b", 3), Site("a", 2)], Demand(6))
    assert str(none.value) == "queued: no room for all 6 pods at once; there is room for 5: a 2, b 3"


@given(
    st.sampled_from(DivideJobBy),
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 5000), st.integers(0, 9)), min_size=1, max_size=5),
    st.integers(1, 40),
    st.none() | st.integers(1, 40),
)
def test_over_clusters_every_index_has_its_place_and_no_cluster_more_pods_than_room(by, rows, total, limit) -> None:
    sites = [Site(f"c{i}", slots, ms, weight) for i, (slots, ms, weight) in enumerate(rows)]
    demand, room = Demand(total, limit), {site.cluster: site.slots for site in sites}
    wanted = min(total, limit or total)
    if sum(room.values()) < wanted:
        with pytest.raises(NoRoom):
            all_or_nothing(by, sites, demand)
        return
    seats = all_or_nothing(by, sites, demand)
    assert sorted(index for seat in seats.values() for index in seat.indexes) == list(range(total))
    turns = -(-total // wanted)
    for name, seat in seats.items():
        assert 0 < seat.slots <= room[name]
        assert len(seat.indexes) <= seat.slots * turns
    assert sum(seat.slots for seat in seats.values()) <= wanted
    if limit is None:
        # All of them run at once.
        assert all(seat.slots == len(seat.indexes) for seat in seats.values())
