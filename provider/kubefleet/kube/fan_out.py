"""The same work on many things at once, where one that fails or hangs costs only its own outcome."""

import contextvars
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[R]):
    """What became of one item: `value`, or `error`."""

    value: R | None = None
    error: Exception | None = None

    def get(self) -> R:
        """The value; raises the error."""
        if self.error is not None:
            raise self.error
        return self.value  # type: ignore[return-value] # without an error there is a value, which may be None


def fan_out(
    items: Sequence[T], work: Callable[[T], R], *, max_parallel: int = 32, within: float | None = None
) -> tuple[Outcome[R], ...]:
    """`work` on every item, at most `max_parallel` at a time; the outcomes in the order of the items. Never raises.

    What has not ended `within` seconds has TimeoutError as its outcome. Its thread is left behind: threads are daemons,
    so that one that hangs in the system (a name that does not resolve) holds up neither the caller nor the exit.
    They see the caller's context variables.
    """
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    for index in range(len(items)):
        waiting.put(index)
    ended: queue.SimpleQueue[tuple[int, Outcome[R]]] = queue.SimpleQueue()

    def serve() -> None:
        while True:
            try:
                index = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                outcome = Outcome(work(items[index]))
            except Exception as error:  # noqa: BLE001, RUF100 - whatever happens to one item is its outcome
                outcome = Outcome(error=error)
            ended.put((index, outcome))

    for _ in range(min(max_parallel, len(items))):
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(serve,), daemon=True).start()
    outcomes: dict[int, Outcome[R]] = {}
    end = None if within is None else time.monotonic() + within
    while len(outcomes) < len(items):
        try:
            index, outcome = ended.get(timeout=None if end is None else max(end - time.monotonic(), 0))
        except queue.Empty:
            break
        outcomes[index] = outcome
    late: Outcome[R] = Outcome(error=TimeoutError(f"not finished within {within} s"))
    return tuple(outcomes.get(index, late) for index in range(len(items)))
