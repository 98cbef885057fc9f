"""Strategies: how a rollout takes a placement from what is live to what was decided."""

from typing import Any

from pulumi_kubefleet._record import Record


class RollingUpdate(Record):
    """Clusters are updated a few at a time.

    `max_unavailable` bounds the clusters whose copy may be unavailable, `max_surge` the new copies that start while
    the ones they replace still run: numbers, or percentages of the chosen clusters (rounded down, at least 1).
    `progress_deadline` is how long one cluster may take (`"10m"`). An object whose health nobody can tell,
    as a custom resource without conditions, passes with a warning after `unverified_wait` (`"60s"`).
    """

    def __init__(
        self,
        *,
        max_unavailable: int | str | None = None,
        max_surge: int | str | None = None,
        progress_deadline: str | None = None,
        unverified_wait: str | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(
            type="RollingUpdate",
            max_unavailable=max_unavailable,
            max_surge=max_surge,
            progress_deadline=progress_deadline,
            unverified_wait=unverified_wait,
            **unknown,
        )
