"""The same request for several objects of one member at once, where the first failure ends it."""

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from kubefleet.kube.connection import Connection
from kubefleet.kube.fan_out import fan_out

T = TypeVar("T")
R = TypeVar("R")


def together(connection: Connection, items: Sequence[T], work: Callable[[T], R]) -> tuple[R, ...]:
    """`work` on every item; the results in the order of the items. Raises the error of the first item that failed.

    No item is begun after a failure; those under way end. All that use the connection share its spare requests: when
    none is free the work is done one by one.
    """
    spare = connection.transport.spare
    more = 0
    while more < len(items) - 1 and spare.acquire(blocking=False):
        more += 1
    try:
        return _in_threads(items, work, more + 1) if more else tuple(work(item) for item in items)
    finally:
        if more:
            spare.release(more)


class _NotBegun(Exception):
    """Another item had failed before."""


def _in_threads(items: Sequence[T], work: Callable[[T], R], threads: int) -> tuple[R, ...]:
    failed = threading.Event()

    def guarded(item: T) -> R:
        if failed.is_set():
            raise _NotBegun
        try:
            return work(item)
        except BaseException:
            failed.set()
            raise

    outcomes = fan_out(items, guarded, max_parallel=threads)
    for outcome in outcomes:
        if outcome.error is not None and not isinstance(outcome.error, _NotBegun):
            raise outcome.error
    return tuple(outcome.get() for outcome in outcomes)
