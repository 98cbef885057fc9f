"""Shared: the seats of one placement, by cluster, and how they are booked."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from kubefleet.model.request import Request, Workload
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.domains import Domains

Seats = dict[str, int]
"""Workload key -> replicas."""


@dataclass(slots=True)
class Shared:
    """Seats by cluster; equal ones may be one object, and `alike` is the one that all of them are. `deferred` counts
    what stays on clusters that it should leave, for want of room elsewhere; `short` the replicas of each workload that
    found no place; `spread` the replicas by topology domain, where a `DoNotSchedule` binds them.
    """

    seats: dict[int, Seats] = field(default_factory=dict)
    deferred: dict[int, int] = field(default_factory=dict)
    short: dict[str, int] = field(default_factory=dict)
    spread: Domains | None = None
    alike: Seats | None = None


def book(cycle: Cycle, request: Request, shared: Shared, workloads: Sequence[Workload]) -> None:
    """Take what some workloads of a placement, all of which have seats, need beyond what it holds."""
    clusters = sorted(shared.seats)
    if shared.alike is not None:
        cycle.book(request, clusters, [(work, shared.alike[work.key]) for work in workloads])
        return
    here = [shared.seats[i] for i in clusters]
    cycle.book(request, clusters, [(work, [seats[work.key] for seats in here]) for work in workloads])
