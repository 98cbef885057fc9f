"""How long a request may take: without a word, altogether, and whether the user has cancelled.

Blocking sockets know one timeout per call, which a server that drips single bytes outlasts and a cancel cannot end.
`PatientSocket` waits in short slices instead and asks the `Patience` of the request it serves between them.
"""

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_SLICE: Final = 0.2
_CURRENT = threading.local()


class Impatient(Exception):
    """The wait is over; `why` is `cancelled`, or says how long nobody answered."""

    def __init__(self, why: str, *, cancelled: bool = False) -> None:
        self.cancelled = cancelled
        self.why = why
        super().__init__(why)


def never() -> bool:
    """The default of `cancelled`: nobody cancels."""
    return False


@dataclass(frozen=True, slots=True)
class Patience:
    """`silence`: seconds without any byte. `deadline`: a moment of `time.monotonic` that ends everything, or None."""

    silence: float
    deadline: float | None = None
    cancelled: Callable[[], bool] = never

    def left(self, longest: float) -> float:
        """Seconds that a wait of at most `longest` may still take; raises Impatient when there are none."""
        if self.cancelled():
            raise Impatient("cancelled", cancelled=True)
        if self.deadline is None:
            return longest
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise Impatient("no complete answer before the deadline")
        return min(longest, left)

    def sleep(self, seconds: float) -> None:
        """Sleep that ends early, with Impatient, on cancel and at the deadline."""
        until = time.monotonic() + seconds
        while (rest := until - time.monotonic()) > 0:
            time.sleep(min(self.left(rest), _SLICE))

    @contextmanager
    def active(self) -> Iterator[None]:
        """Make this the patience of every socket that the current thread reads inside the block."""
        before = getattr(_CURRENT, "patience", None)
        _CURRENT.patience = self
        try:
            yield
        finally:
            _CURRENT.patience = before


class PatientSocket(ssl.SSLSocket):
    """A TLS socket whose reads obey the patience of the thread that reads."""

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int | None = None, flags: int = 0) -> int:
        """As `ssl.SSLSocket.recv_into`; raises Impatient instead of waiting longer than allowed."""
        patience: Patience | None = getattr(_CURRENT, "patience", None)
        if patience is None:
            return super().recv_into(buffer, nbytes, flags)
        silent_since = time.monotonic()
        while True:
            silent = time.monotonic() - silent_since
            if silent >= patience.silence:
                raise Impatient(f"no answer within {patience.silence:g} s")
            self.settimeout(min(patience.left(patience.silence - silent), _SLICE))
            try:
                return super().recv_into(buffer, nbytes, flags)
            except TimeoutError:
                # A timed-out TLS read has consumed nothing: asking again continues where it stopped.
                continue
