"""Strategies: how fast a rollout may go."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """A number of clusters, or a percentage of them (`percent=True`)."""

    amount: int
    percent: bool = False

    def of(self, whole: int) -> int:
        """As a number of clusters: percentages are rounded down, and are at least 1."""
        return max(1, whole * self.amount // 100) if self.percent else self.amount


@dataclass(frozen=True, slots=True)
class RollingUpdate:
    """Unit is the cluster. In seconds: `progress_deadline` per cluster; `unverified_wait` after which an object whose
    health nobody can tell passes.
    """

    max_unavailable: Share = Share(25, percent=True)
    max_surge: Share = Share(25, percent=True)
    progress_deadline: int = 600
    unverified_wait: int = 60
