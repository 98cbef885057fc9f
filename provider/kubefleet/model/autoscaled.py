"""Workloads whose replicas an autoscaler decides: only its bounds are the scheduler's."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Bounds:
    """The fewest and the most replicas that an autoscaler may choose; `least` 0 lets it go to nothing."""

    least: int
    most: int

    @property
    def seats(self) -> int:
        """What is divided and booked: the replicas that there are at any time, at least one."""
        return max(1, self.least)

    def __str__(self) -> str:
        return f"{self.least}..{self.most}"
