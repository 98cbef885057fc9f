import threading
import time

import pytest

from kubefleet.kube.connection import Connection
from kubefleet.kube.together import together

pytestmark = pytest.mark.fast


def test_results_come_in_the_order_of_the_items_and_several_run_at_once(connection: Connection) -> None:
    both = threading.Barrier(2, timeout=5)

    def work(item: int) -> int:
        both.wait()  # passes only when two are under way
        return item * 2

    assert together(connection, range(4), work) == (0, 2, 4, 6)


def test_after_a_failure_nothing_more_is_begun_and_the_first_error_is_raised(connection: Connection) -> None:
    begun: list[int] = []

    def work(item: int) -> None:
        begun.append(item)
        time.sleep(0.02)
        raise ValueError(item)

    with pytest.raises(ValueError, match=r"^0$"):
        together(connection, range(100), work)
    assert len(begun) < 10


def test_without_spare_requests_the_work_is_done_one_by_one(connection: Connection) -> None:
    spare = connection.transport.spare
    taken = 0
    while spare.acquire(blocking=False):
        taken += 1
    threads = set()
    assert together(connection, range(3), lambda item: threads.add(threading.get_ident()) or item) == (0, 1, 2)
    assert threads == {threading.get_ident()}
    spare.release(taken)


def test_spare_requests_are_given_back_also_after_a_failure(connection: Connection) -> None:
    for _ in range(20):
        with pytest.raises(ZeroDivisionError):
            together(connection, [0, 0, 0], lambda item: 1 // item)
    both = threading.Barrier(8, timeout=5)
    together(connection, range(8), lambda _: both.wait())


def test_a_single_item_needs_no_thread(connection: Connection) -> None:
    assert together(connection, [1], lambda _: threading.get_ident()) == (threading.get_ident(),)
    assert together(connection, [], lambda item: item) == ()
