"""What happened when in a rollout."""

import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

_MOST = 100
_SHOWN = 20
_DATE = len("2026-01-02T")


class Timeline:
    """Notes moments, from any thread. `clock` is in seconds since 1970."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._lines: list[str] = []
        self._first = self._last = 0.0

    def note(self, what: str) -> None:
        """`what` is one line, without the moment."""
        now = self._clock()
        at = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        with self._lock:
            self._first, self._last = self._first or now, now
            self._lines.append(f"{at} {what}")

    @property
    def lasted(self) -> int:
        """Seconds from its first moment to its last."""
        with self._lock:
            return round(self._last - self._first)

    def told(self) -> list[str]:
        """Its own, as they are read at the end of a run: `03:04:05 eu-1 is healthy`. Of many the first and the last."""
        with self._lock:
            lines = [line[_DATE:].replace("Z ", " ", 1) for line in self._lines]
        if len(lines) <= _SHOWN:
            return lines
        return [*lines[: _SHOWN // 2], f"... {len(lines) - _SHOWN} more", *lines[-_SHOWN // 2 :]]

    def after(self, before: Iterable[str]) -> list[str]:
        """`2026-01-02T03:04:05Z eu-1 is healthy`: those of a run before, then its own; the last hundred."""
        with self._lock:
            return [*before, *self._lines][-_MOST:]
