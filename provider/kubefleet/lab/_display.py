"""The two ways to show a build: bars on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as Bars

from kubefleet.lab._progress import Event, PassedOver, Phase, Progress, sentence

LINE_SECONDS = 15


class Lines:
    """Shows events as plain lines: each new phase, and what is going on every 15 seconds."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock = stream, clock
        self._shown: tuple[str, Phase] | None = None
        self._at = 0.0

    def __call__(self, event: Event) -> None:
        """Write `event`, or not, when its phase was shown less than 15 seconds ago."""
        now = self._clock()
        if isinstance(event, Progress):
            if self._shown == (event.program, event.phase) and now - self._at < LINE_SECONDS:
                return
            self._shown, self._at = (event.program, event.phase), now
        self._stream.write(sentence(event) + "\n")
        self._stream.flush()

    def __enter__(self) -> "Lines":
        return self

    def __exit__(self, *_: object) -> None:
        return None


class TerminalBars:
    """Shows events as one bar a program, which stays when the program is ready. Without events nothing is written."""

    def __init__(self, console: Console) -> None:
        self._bars = Bars(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[now]}"), console=console
        )
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, event: Event) -> None:
        """Move the bar of `event`'s program."""
        self._bars.start()
        if isinstance(event, PassedOver):
            self._bars.console.print(sentence(event), highlight=False)
            return
        if event.program not in self._tasks:
            self._tasks[event.program] = self._bars.add_task(event.program, total=None, now="")
        now = sentence(event).removeprefix(f"{event.program}: ")
        if event.phase is Phase.COMPILING:
            self._bars.update(self._tasks[event.program], completed=event.done, total=event.total, now=now)
        elif event.phase is Phase.READY:
            self._bars.update(self._tasks[event.program], completed=1, total=1, now=now)
        else:
            self._bars.update(self._tasks[event.program], now=now)

    def __enter__(self) -> "TerminalBars":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()


def display(stream: TextIO | None = None) -> Lines | TerminalBars:
    """The display that fits `stream` (standard error): bars on a terminal, lines elsewhere. Use it in a `with`."""
    target = sys.stderr if stream is None else stream
    console = Console(file=target)
    return TerminalBars(console) if console.is_terminal else Lines(target)
