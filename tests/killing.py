"""Killing a process (`kill -9`) between two steps of a rollout."""

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

from kubefleet.rollout import rollback, settle, spread, stage, step, stop_first

STEPS = (
    *((spread, "run_step"), (spread, "scale_live")),
    *((stage, "run_step"), (stop_first, "stop")),
    *((settle, "run_step"), (settle, "complete"), (settle, "remove")),
    (rollback, "complete"),
)
"""Where each step is run."""
WAVES = ((step, "record_finished"),)
"""What follows each wave inside a step."""


def die_after(steps: int, *, waves: bool = False) -> None:
    """Kill this process when so many steps (or `waves` too) have ended; before the first one if 0."""
    left, lock = [steps], threading.Lock()

    def deadly(run: Callable[..., Any], *, begins: bool) -> Callable[..., Any]:
        def lethal(*arguments: Any, **options: Any) -> Any:
            if begins and left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            done = run(*arguments, **options)
            with lock:
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
            return done

        return lethal

    for module, name in (*STEPS, *WAVES) if waves else STEPS:
        setattr(module, name, deadly(getattr(module, name), begins=(module, name) in STEPS))


def run_and_die(work: Callable[[], object], steps: int, *, waves: bool = False) -> bool:
    """Do the work in a process of its own; True if it was killed, False if it ended before.

    It must open connections of its own: a TLS session that two processes share would break for both.
    """
    child = os.fork()
    if child == 0:
        die_after(steps, waves=waves)
        try:
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
