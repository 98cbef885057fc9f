"""Programs of a lab as processes that cannot outlive the one that started them."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

_BOUND = Path(__file__).with_name("_bound.py")
LOG_LINES = 8


class ProcessState(StrEnum):
    """What a process does."""

    RUNNING = "running"
    HUNG = "hung"
    ENDED = "ended"


class Process:
    """One program. `start` it from the main thread only: it dies with the thread that started it."""

    def __init__(self, name: str, program: Path, arguments: Sequence[str], log: Path) -> None:
        self.name = name
        self._command = [str(program), *arguments]
        self._log = log
        self._child: subprocess.Popen[bytes] | None = None
        self._hung = False

    @property
    def pid(self) -> int:
        """Its process id, 0 before the first start."""
        return 0 if self._child is None else self._child.pid

    @property
    def state(self) -> ProcessState:
        """What it does now."""
        if self._child is None or self._child.poll() is not None:
            return ProcessState.ENDED
        return ProcessState.HUNG if self._hung else ProcessState.RUNNING

    def start(self) -> None:
        """Start it, unless it is there; its output is appended to the log."""
        if self.state is not ProcessState.ENDED:
            return
        self._hung = False
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_BOUND), str(os.getpid()), *self._command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._log.parent,
                # Nothing of the user's settings, proxies or kubeconfig reaches a lab.
                env={"PATH": os.defpath, "HOME": str(self._log.parent)},
            )

    def hang(self) -> None:
        """Stop it as a scheduler would that never comes back: connections stay open, nothing is answered."""
        self._signal(signal.SIGSTOP)
        self._hung = True

    def resume(self) -> None:
        """Undo `hang`."""
        self._signal(signal.SIGCONT)
        self._hung = False

    def kill(self) -> None:
        """End it at once, and wait until it is gone."""
        self._signal(signal.SIGKILL)
        if self._child is not None:
            self._child.wait()

    def last_words(self) -> str:
        """The end of its log."""
        try:
            text = self._log.read_text(errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-LOG_LINES:])

    def _signal(self, number: int) -> None:
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(number)
