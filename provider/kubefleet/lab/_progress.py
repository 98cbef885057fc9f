"""What is reported while programs are looked for and built."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Phase(StrEnum):
    """How far one program is, in this order. `WAITING` only where another process builds it."""

    WAITING = "waiting for another process that builds it"
    MODULES = "fetching Go modules"
    COMPILING = "compiling"
    LINKING = "linking"
    READY = "ready"


@dataclass(frozen=True, slots=True)
class Progress:
    """One program's build at one moment: reported at each change, and each second without one."""

    program: str
    phase: Phase
    done: int
    """Modules fetched or packages compiled in this phase."""
    total: int
    """How many there are; of modules an upper bound, in the other phases 0."""
    seconds: int
    """Since the program's turn came."""
    left: int | None
    """About how many more seconds; None when that is another process's affair or nothing is left."""


@dataclass(frozen=True, slots=True)
class PassedOver:
    """An installed program that does not serve, so that it is built."""

    program: str
    path: Path
    version: str
    oldest: str


Event = Progress | PassedOver
Listener = Callable[[Event], None]


def minutes(seconds: int) -> str:
    """`40 s`, `7 min 5 s`."""
    whole, rest = divmod(max(seconds, 0), 60)
    return f"{whole} min {rest} s" if whole else f"{rest} s"


def sentence(event: Event) -> str:
    """An event as one line of text."""
    if isinstance(event, PassedOver):
        return (
            f"{event.program}: {event.path} is {event.version or 'of an unknown version'} "
            f"(expected {event.oldest} or later); it is built instead"
        )
    units = {Phase.COMPILING: "packages", Phase.MODULES: "modules"}
    counted = f" {event.done} of {event.total} {units[event.phase]}" if event.total and event.phase in units else ""
    if event.phase is Phase.MODULES:
        counted = f" ({event.done} fetched)" if event.done else ""
    left = f", about {minutes(event.left)} left" if event.left is not None else ""
    return f"{event.program}: {event.phase}{counted}, {minutes(event.seconds)}{left}"


def silent(event: Event) -> None:
    """Show nothing."""
