"""How a job is run, beside what it is."""

from dataclasses import dataclass
from enum import StrEnum


class WaitFor(StrEnum):
    """What an `up` waits for."""

    DISPATCHED = "dispatched"
    """Every index is with a cluster."""
    STARTED = "started"
    """Every cluster that has some works on them."""
    COMPLETED = "completed"


class OnChange(StrEnum):
    """What a new template means for a job that still runs."""

    FAIL = "fail"
    """It is a mistake; nothing is changed."""
    REMAINING = "remaining"
    """What is not done is done with the new one."""
    RESTART = "restart"
    """All of it is."""


@dataclass(frozen=True, slots=True)
class JobOptions:
    """`timeout` (seconds) is that of the wait; a cluster is given up when it has been silent for `lost_after` seconds,
    if its indexes may run once more (`at_least_once`). Without a `queue` it waits for no other job. The pods of a gang
    have `gang_timeout` seconds to find their room, and as many to be ready. With a `lease` a cluster stops what it has
    so many seconds after the last contact, and it is given up when that is over too.
    """

    wait: WaitFor = WaitFor.DISPATCHED
    timeout: int = 900
    lost_after: int = 120
    at_least_once: bool = True
    on_change: OnChange = OnChange.FAIL
    queue: str = ""
    gang_timeout: int = 300
    lease: int | None = None
