"""How far a resource got."""

from enum import StrEnum


class Phase(StrEnum):
    """A resource that is not complete is tried again by the next `up`."""

    COMPLETE = "complete"
    HELD = "held"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
