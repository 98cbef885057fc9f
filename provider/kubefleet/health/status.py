"""The answer: how far an object is, and why."""

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """Unverified: nobody can tell from the object; it is never taken for available silently."""

    AVAILABLE = "available"
    PROGRESSING = "progressing"
    FAILED = "failed"
    UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True)
class Health:
    """`reason` is one short line, never a value of the object's data; for an available object it may be empty. Of one
    that is unverified, `passes_after` so many seconds, where the user has said so of the object.
    """

    status: Status
    reason: str = ""
    passes_after: int | None = None


def available(reason: str = "") -> Health:
    """It does what it is there for."""
    return Health(Status.AVAILABLE, reason)


def progressing(reason: str) -> Health:
    """Not yet; it may still become available."""
    return Health(Status.PROGRESSING, reason)


def failed(reason: str) -> Health:
    """It will not become available by waiting."""
    return Health(Status.FAILED, reason)


def unverified(reason: str) -> Health:
    """Nobody can tell."""
    return Health(Status.UNVERIFIED, reason)
