"""Which jobs of a program run, queue by queue."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubefleet.jobs.queue import Queued, QueueState, admit

pytestmark = pytest.mark.fast

WAITING, RUNNING, OVER = QueueState


def job(name: str, priority: int = 0, arrival: int = 0, state: QueueState = WAITING, queue: str = "batch") -> Queued:
    return Queued(name, queue, priority, arrival, state)


B_RUNS = "1 of batch run (cap 1): b"


@pytest.mark.parametrize(
    ("jobs", "cap", "admitted", "waiting"),
    [
        # First who has the higher priority, then who came first, then the name.
        ([job("a", 1), job("b", 2), job("c", 2)], 1, "b", {"a": B_RUNS, "c": B_RUNS}),
        ([job("a", arrival=2), job("b", arrival=1)], 1, "b", {"a": B_RUNS}),
        ([job("b"), job("a"), job("c")], 2, "ab", {"c": "2 of batch run (cap 2): a, b"}),
        # Who runs keeps running, whatever came later, and whatever the cap has become.
        ([job("a", 9, 1), job("b", 0, 2, RUNNING)], 1, "b", {"a": B_RUNS}),
        ([job("a"), job("b", 0, 0, RUNNING), job("c", 0, 0, RUNNING)], 1, "bc", {"a": "2 of batch run (cap 1): b, c"}),
        # Who is over leaves its place.
        ([job("a"), job("b", state=OVER)], 1, "a", {}),
        ([job("a")], 0, "", {"a": "0 of batch run (cap 0)"}),
    ],
)
def test_so_many_of_a_queue_run(jobs: list[Queued], cap: int, admitted: str, waiting: dict[str, str]) -> None:
    found = admit(jobs, {"batch": cap, "other": 5})
    assert (found.admitted, dict(found.waiting)) == (frozenset(admitted), waiting)


def test_queues_do_not_wait_for_each_other() -> None:
    jobs = [job("a"), job("b"), job("c", queue="ml"), job("d", queue="ml"), job("e", queue=""), job("f", queue="")]
    found = admit(jobs, {"batch": 1, "": 1})
    assert found.admitted == frozenset("acdef")
    assert found.waiting == {"b": "1 of batch run (cap 1): a"}


def test_a_long_list_of_names_is_cut() -> None:
    found = admit([job(f"j{number}", arrival=number) for number in range(9)], {"batch": 8})
    assert found.waiting == {"j8": "8 of batch run (cap 8): j0, j1, j2, j3, j4 and 3 more"}


some_jobs = st.lists(
    st.builds(
        Queued,
        st.text("abcdefgh", min_size=1, max_size=3),
        st.sampled_from(["", "batch", "ml"]),
        st.integers(-1, 1),
        st.integers(0, 2),
        st.sampled_from(QueueState),
    ),
    unique_by=lambda job: job.name,
    max_size=12,
)


@given(some_jobs, st.fixed_dictionaries({"batch": st.integers(0, 4)}), st.randoms())
def test_places_go_in_order_and_none_stays_empty(jobs: list[Queued], caps: dict[str, int], random: Random) -> None:
    found = admit(jobs, caps)
    shuffled = list(jobs)
    random.shuffle(shuffled)
    assert admit(shuffled, caps) == found
    live = {job.name: job for job in jobs if job.state is not OVER}
    assert found.admitted | set(found.waiting) == set(live)
    assert not found.admitted & set(found.waiting)
    assert all(live[name].state is WAITING and live[name].queue == "batch" for name in found.waiting)
    taken = sum(live[name].queue == "batch" for name in found.admitted)
    running = sum(job.state is RUNNING and job.queue == "batch" for job in live.values())
    assert taken <= max(caps["batch"], running)
    for name in found.waiting:
        assert taken >= caps["batch"]
        for other in found.admitted:
            if live[other].queue == "batch" and live[other].state is WAITING:
                assert _key(live[other]) < _key(live[name])
    # Once they run nothing changes.
    begun = [replace(job, state=RUNNING) if job.name in found.admitted else job for job in jobs]
    assert admit(begun, caps) == found


def _key(job: Queued) -> tuple[int, int, str]:
    return -job.priority, job.arrival, job.name
