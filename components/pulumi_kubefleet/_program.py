"""Whether the user's program has failed: half a fleet must never be deployed."""

import asyncio
from typing import Any


def program_error() -> BaseException | None:
    """The exception that ended the program, or None.

    The SDK finishes what is registered even after the program has raised, and tells nobody: the exception waits in a
    local variable of the coroutine that ran it. Where an SDK has no such coroutine this says None, and what is left
    is the engine's own rule that a failed program deletes nothing.
    """
    for task in asyncio.all_tasks():
        step: Any = task.get_coro()
        while step is not None:
            frame = getattr(step, "cr_frame", None)
            if frame is not None and frame.f_code.co_name == "run_pulumi_func":
                error = frame.f_locals.get("ex")
                return error if isinstance(error, BaseException) else None
            step = getattr(step, "cr_await", None)
    return None
