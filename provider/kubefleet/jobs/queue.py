"""Which jobs of a program run now, where it lets only so many of a queue run at once. Who runs keeps running, whatever
comes later: fair shares and preemption are Kueue's, in the clusters.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from immutabledict import immutabledict

_SHOWN: Final = 5


class QueueState(StrEnum):
    """Where a job is. One that is over takes no place."""

    WAITING = "waiting"
    RUNNING = "running"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Queued:
    """A job: `arrival` is higher for one that came later. Without a `queue` it waits for nobody."""

    name: str
    queue: str
    priority: int
    arrival: int
    state: QueueState


@dataclass(frozen=True, slots=True)
class Admission:
    """`admitted` run or may begin; `waiting`: why each of the others does not yet."""

    admitted: frozenset[str]
    waiting: Mapping[str, str]


def admit(jobs: Iterable[Queued], caps: Mapping[str, int]) -> Admission:
    """By priority (high first), then arrival, then name. A queue without a cap holds nobody up."""
    holders: dict[str, list[str]] = {}
    waiting: dict[str, str] = {}
    for job in sorted(jobs, key=_order):
        if job.state is QueueState.OVER:
            continue
        ahead = holders.setdefault(job.queue, [])
        cap = caps.get(job.queue) if job.queue else None
        if job.state is QueueState.RUNNING or cap is None or len(ahead) < cap:
            ahead.append(job.name)
        else:
            waiting[job.name] = _why(job.queue, ahead, cap)
    return Admission(frozenset(name for names in holders.values() for name in names), immutabledict(waiting))


def _order(job: Queued) -> tuple[bool, int, int, str]:
    return job.state is not QueueState.RUNNING, -job.priority, job.arrival, job.name


def _why(queue: str, holders: list[str], cap: int) -> str:
    names = sorted(holders)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    told = f": {', '.join(names[:_SHOWN])}{more}" if names else ""
    return f"{len(names)} of {queue} run (cap {cap}){told}"
