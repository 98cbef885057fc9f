"""How the indexes of a job are divided, against brute force and by what must hold of every division."""

import itertools
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from kubefleet.jobs.assign import assign
from kubefleet.jobs.divide import Demand, DivideJobBy, DoesNotFit, Part, Site, divide_job
from kubefleet.jobs.indexes import Indexes, span

pytestmark = pytest.mark.fast

SITES = st.lists(
    st.builds(
        Site,
        cluster=st.sampled_from("abcd"),
        slots=st.integers(0, 5),
        duration=st.integers(1, 7),
        weight=st.integers(0, 4),
        price=st.integers(0, 3),
        carbon=st.integers(0, 3),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda site: site.cluster,
)
STRATEGIES = st.sampled_from(DivideJobBy)


def counts_of(parts: dict[str, Part]) -> dict[str, int]:
    return {name: part.count for name, part in parts.items()}


def makespan(sites: list[Site], counts: tuple[int, ...]) -> int:
    return max(-(-count // site.slots) * site.duration for site, count in zip(sites, counts, strict=True) if count)


def divisions(sites: list[Site], total: int) -> Any:
    usable = [range(total + 1) if site.slots else range(1) for site in sites]
    return (counts for counts in itertools.product(*usable) if sum(counts) == total)


@settings(max_examples=300)
@given(SITES, st.integers(1, 9))
def test_no_division_ends_earlier(sites: list[Site], total: int) -> None:
    assume(any(site.slots for site in sites))
    parts = divide_job(DivideJobBy.MAKESPAN, sites, Demand(total))
    assert sum(part.count for part in parts.values()) == total
    best = min(makespan(sites, counts) for counts in divisions(sites, total))
    assert max(part.span for part in parts.values()) == best


@given(SITES, st.integers(1, 12), st.integers(1, 30))
def test_no_division_costs_less_by_the_deadline(sites: list[Site], total: int, deadline: int) -> None:
    possible = [
        counts
        for counts in divisions(sites, total)
        if sum(counts) == total and (not any(counts) or makespan(sites, counts) <= deadline)
    ]
    for by, cost in ((DivideJobBy.CHEAPEST, "price"), (DivideJobBy.GREENEST, "carbon")):
        try:
            parts = divide_job(by, sites, Demand(total, deadline=deadline))
        except DoesNotFit:
            assert not possible
            continue
        costs = {site.cluster: getattr(site, cost) for site in sites}
        least = min(sum(getattr(site, cost) * n for site, n in zip(sites, c, strict=True)) for c in possible)
        assert sum(costs[name] * part.count for name, part in parts.items()) == least


@given(SITES, st.integers(1, 12), st.integers(1, 10))
def test_a_pack_is_on_the_fewest_clusters_that_run_as_many_at_once(
    sites: list[Site], total: int, parallelism: int
) -> None:
    slots = [site.slots for site in sites]
    wanted = min(parallelism, total, sum(slots))
    assume(wanted > 0)
    parts = divide_job(DivideJobBy.PACK, sites, Demand(total, parallelism))
    fewest = next(
        size for size in range(1, 5) if any(sum(some) >= wanted for some in itertools.combinations(slots, size))
    )
    assert len(parts) <= fewest


@example(DivideJobBy.WEIGHTED, [Site("a", 1, 1, weight=0)], 1, 1, None)
@given(STRATEGIES, SITES, st.integers(1, 40), st.none() | st.integers(1, 12), st.none() | st.integers(1, 60))
def test_every_index_is_somewhere_and_what_was_asked_for_is_kept(
    by: DivideJobBy, sites: list[Site], total: int, parallelism: int | None, deadline: int | None
) -> None:
    demand = Demand(total, parallelism, deadline)
    refused: DoesNotFit | None = None
    try:
        parts = divide_job(by, sites, demand)
    except DoesNotFit as error:
        refused = error
    if refused is not None and refused.deadline is None:
        assert not any(site.slots for site in sites)
        return
    if refused is not None:
        assert deadline is not None
        assert refused.most < total
        # The relaxation that is told is enough, and a moment less is not.
        divide_job(by, sites, Demand(total, parallelism, refused.deadline))
        with pytest.raises(DoesNotFit):
            divide_job(by, sites, Demand(total, parallelism, refused.deadline - 1))
        return
    assert sum(part.count for part in parts.values()) == total
    known = {site.cluster: site for site in sites}
    assert all(0 < part.slots <= min(part.count, known[name].slots) for name, part in parts.items())
    if parallelism is not None:
        assert sum(part.slots for part in parts.values()) <= parallelism
    if deadline is not None:
        assert all(part.span <= deadline for part in parts.values())
    for name, part in parts.items():
        assert part.span == part.waves * known[name].duration
    assert divide_job(by, list(reversed(sites)), demand) == parts


@given(st.sampled_from((DivideJobBy.MAKESPAN, DivideJobBy.WEIGHTED)), SITES, st.integers(1, 40))
def test_one_more_index_is_one_more_somewhere_and_moves_no_other(
    by: DivideJobBy, sites: list[Site], total: int
) -> None:
    assume(any(site.slots for site in sites))
    before = counts_of(divide_job(by, sites, Demand(total)))
    after = counts_of(divide_job(by, sites, Demand(total + 1)))
    assert all(after.get(name, 0) >= before[name] for name in before)
    held = assign(before, span(0, total))
    then = assign(after, span(0, total + 1), held)
    assert sum(len(then[name] - held.get(name, Indexes())) for name in then) == 1


@given(
    st.dictionaries(st.sampled_from("abcd"), st.integers(0, 9)),
    st.dictionaries(st.sampled_from("abcd"), st.integers(0, 9)),
)
def test_what_is_assigned_is_all_of_it_once_and_no_fewer_could_move(
    before: dict[str, int], after: dict[str, int]
) -> None:
    held = assign(before, span(0, sum(before.values())))
    assert all(mine.max() - mine.min() + 1 == len(mine) for mine in held.values())
    then = assign(after, span(0, sum(after.values())), held)
    assert {name: len(mine) for name, mine in then.items()} == {name: n for name, n in after.items() if n}
    assert sorted(index for mine in then.values() for index in mine) == list(range(sum(after.values())))
    there = {name: len(held.get(name, Indexes()) & span(0, sum(after.values()))) for name in after}
    moved = sum(len(then[name] - held.get(name, Indexes())) for name in then)
    assert moved == sum(max(0, after[name] - there[name]) for name in after)


@pytest.mark.parametrize(
    ("by", "demand", "told"),
    [
        (DivideJobBy.MAKESPAN, Demand(12), {"fast": 8, "slow": 4}),
        (DivideJobBy.WEIGHTED, Demand(12), {"fast": 3, "slow": 9}),
        (DivideJobBy.PACK, Demand(12, parallelism=4), {"fast": 12}),
        (DivideJobBy.CHEAPEST, Demand(12), {"slow": 12}),
        (DivideJobBy.CHEAPEST, Demand(12, deadline=4000), {"fast": 4, "slow": 8}),
        (DivideJobBy.GREENEST, Demand(12), {"fast": 12}),
        (DivideJobBy.MAKESPAN, Demand(12, parallelism=1), {"fast": 12}),
    ],
)
def test_examples(by: DivideJobBy, demand: Demand, told: dict[str, int]) -> None:
    fast = Site("fast", 4, 1000, weight=1, price=9, carbon=1)
    slow = Site("slow", 4, 2000, weight=3, price=1, carbon=5)
    assert counts_of(divide_job(by, [fast, slow], demand)) == told


def test_what_fits_nowhere_says_so_and_what_is_late_says_when() -> None:
    with pytest.raises(DoesNotFit) as none:
        divide_job(DivideJobBy.MAKESPAN, [Site("a", 0)], Demand(1))
    assert (none.value.most, none.value.deadline) == (0, None)
    with pytest.raises(DoesNotFit) as late:
        divide_job(DivideJobBy.CHEAPEST, [Site("a", 2, 1000), Site("b", 1, 500)], Demand(10, deadline=2000))
    assert (late.value.most, late.value.deadline) == (8, 3000)


def test_a_million_over_a_hundred_clusters() -> None:
    sites = [Site(f"c{i:03}", 100 + i, 900 + i % 7) for i in range(100)]
    parts = divide_job(DivideJobBy.MAKESPAN, sites, Demand(1_000_000))
    assert sum(part.count for part in parts.values()) == 1_000_000
    found = assign({name: part.count for name, part in parts.items()}, span(0, 1_000_000))
    assert [mine.min() for mine in found.values()] == sorted(mine.min() for mine in found.values())
