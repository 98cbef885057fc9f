import contextvars
import threading
import time

import pytest

from kubefleet.kube.fan_out import fan_out

pytestmark = pytest.mark.fast


def test_outcomes_come_in_the_order_of_the_items() -> None:
    def work(item: int) -> int:
        time.sleep(0.01 * (5 - item))
        return item * 2

    assert [outcome.get() for outcome in fan_out(range(5), work)] == [0, 2, 4, 6, 8]


def test_one_that_fails_costs_only_its_own_outcome() -> None:
    outcomes = fan_out([1, 0, 2], lambda item: 2 // item)
    assert [outcome.value for outcome in outcomes] == [2, None, 1]
    with pytest.raises(ZeroDivisionError):
        outcomes[1].get()


def test_one_that_hangs_holds_up_nobody() -> None:
    stop = threading.Event()
    started = time.monotonic()
    outcomes = fan_out([0, 60], lambda seconds: stop.wait(seconds) or seconds, within=0.3)
    assert time.monotonic() - started < 30
    stop.set()
    assert outcomes[0].get() == 0
    assert isinstance(outcomes[1].error, TimeoutError)


def test_no_more_run_at_once_than_allowed() -> None:
    lock, running, most = threading.Lock(), 0, 0
    as_many = threading.Barrier(3)

    def work(_: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        as_many.wait(60)
        with lock:
            running -= 1

    for outcome in fan_out(range(12), work, max_parallel=3):
        outcome.get()
    assert most == 3


def test_workers_see_the_callers_context() -> None:
    name = contextvars.ContextVar("name", default="")
    name.set("caller")
    assert [outcome.get() for outcome in fan_out([1, 2], lambda _: name.get())] == ["caller", "caller"]


def test_nothing_to_do_is_done() -> None:
    assert fan_out([], lambda item: item) == ()
