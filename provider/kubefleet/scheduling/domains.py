"""Topology domains of one request and how many of its copies or replicas stand in each.

Kubernetes' rule: one more in a domain may not bring count + 1 − the global minimum above `max_skew`. The minimum is
over eligible domains, those with a cluster that passes every filter except capacity and spread; fewer of them than
`min_domains` make it 0.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from kubefleet.model.policy import TopologySpread
from kubefleet.scheduling.columns import Columns
from kubefleet.scheduling.protocols import Mask, Numbers

T = TypeVar("T", bound=np.generic)
_FURTHEST = 1_000_000_000


def _eligible(columns: Columns, key: str, clusters: Mask) -> Numbers:
    """The domains of a key that have any of some clusters, by number."""
    codes, _ = columns.domains(key)
    # The mask is held too, so that no other can have its id.
    made = columns.once(
        ("eligible", key, id(clusters)), lambda: (clusters, np.flatnonzero(np.bincount(codes[clusters & (codes >= 0)])))
    )
    return made[1]


class Domains:
    """Counts per domain of each topology key, changed by `add` as picks are made."""

    def __init__(self, columns: Columns, spreads: Sequence[TopologySpread], eligible: Mask) -> None:
        self.spreads = tuple(spreads)
        self._size = len(columns)
        self._codes = [columns.domains(spread.key)[0] for spread in self.spreads]
        self._values = [columns.domains(spread.key)[1] for spread in self.spreads]
        self._counts = [np.zeros(len(values), dtype=np.int64) for values in self._values]
        self._eligible = [_eligible(columns, spread.key, eligible) for spread in self.spreads]

    def add(self, cluster: int, amount: int = 1) -> None:
        """Count copies or replicas on a cluster (or take them back, if negative)."""
        for codes, counts in zip(self._codes, self._counts, strict=True):
            if codes[cluster] >= 0:
                counts[codes[cluster]] += amount

    def add_all(self, clusters: Sequence[int]) -> None:
        """One copy on each of some clusters."""
        if not self.spreads:
            return
        for codes, counts in zip(self._codes, self._counts, strict=True):
            there = codes[clusters]
            np.add(counts, np.bincount(there[there >= 0], minlength=len(counts)), out=counts)

    def skews(self, which: int) -> Numbers:
        """Per domain, the skew that one more there would leave for one key; the last is that of clusters without it,
        enormous.
        """
        skews = np.full(len(self._counts[which]) + 1, _FURTHEST, dtype=np.int64)
        skews[:-1] = self._counts[which] + (1 - self._least(which))
        return skews

    def everywhere(self, which: int, values: NDArray[T]) -> NDArray[T]:
        """Per cluster what is given per domain. A cluster without the key is of domain −1: the last."""
        found: NDArray[T] = values[self._codes[which]]
        return found

    def skew(self, which: int) -> Numbers:
        """As `skews`, per cluster."""
        return self.everywhere(which, self.skews(which))

    def skew_at(self, which: int, cluster: int) -> int:
        """As `skew`, for one cluster."""
        code = self._codes[which][cluster]
        return int(self._counts[which][code]) + 1 - self._least(which) if code >= 0 else _FURTHEST

    def allowed(self) -> Mask:
        """Clusters on which one more breaks no `DoNotSchedule`."""
        passed = np.ones(self._size, dtype=np.bool_)
        for which, spread in enumerate(self.spreads):
            if spread.hard:
                passed &= self.skew(which) <= spread.max_skew
        return passed

    def allows(self, cluster: int) -> bool:
        """As `allowed`, for one cluster."""
        return all(
            self.skew_at(which, cluster) <= spread.max_skew for which, spread in enumerate(self.spreads) if spread.hard
        )

    @property
    def one_rule(self) -> bool:
        """Whether there is but one key, and it is a `DoNotSchedule`."""
        return len(self.spreads) == 1 and self.spreads[0].hard

    def fill(self, places: Numbers, by_score: Callable[[Numbers], Numbers]) -> Numbers:
        """Of some clusters all that can have one more, one after the other, by `one_rule`; counts them. Those with the
        best scores are asked for only where not all of a domain can.

        In whatever order domains take turns, it ends where the emptiest eligible one has no cluster left; the others
        have followed it at a distance of `max_skew`.
        """
        (spread,), (codes,), (counts,) = self.spreads, self._codes, self._counts
        offered = np.bincount(codes[places], minlength=len(counts))
        room = np.clip(self._least_of(0, counts + offered) + spread.max_skew - counts, 0, offered)
        counts += room
        if not room.any() or (room == offered).all():
            return places if room.any() else places[:0]
        ranked = by_score(places)
        there = codes[ranked]
        order = np.argsort(there, kind="stable")
        nth = np.arange(len(ranked)) - np.repeat(np.cumsum(offered) - offered, offered)
        found: Numbers = ranked[order[nth < room[there[order]]]]
        return found

    def crowded(self, cluster: int) -> bool:
        """Whether a cluster's domain stands further above the least than a `DoNotSchedule` allows."""
        return any(
            self.skew_at(which, cluster) - 1 > spread.max_skew
            for which, spread in enumerate(self.spreads)
            if spread.hard and self._codes[which][cluster] >= 0
        )

    def excess(self, cluster: int) -> int:
        """By how many its domain does."""
        return max(
            self.skew_at(which, cluster) - 1 - spread.max_skew
            for which, spread in enumerate(self.spreads)
            if spread.hard and self._codes[which][cluster] >= 0
        )

    def releases(self, cluster: int) -> bool:
        """Whether one fewer on a cluster leaves no domain further above the least than a `DoNotSchedule` allows, or
        at least none further than some are already.
        """
        return all(self._releases(which, cluster) for which, spread in enumerate(self.spreads) if spread.hard)

    def _releases(self, which: int, cluster: int) -> bool:
        code, counts, eligible = self._codes[which][cluster], self._counts[which], self._eligible[which]
        if code < 0 or len(eligible) == 0:
            return True
        after = counts.copy()
        after[code] -= 1
        skew, skew_now = (int(c[eligible].max()) - self._least_of(which, c) for c in (after, counts))
        return skew <= max(self.spreads[which].max_skew, skew_now)

    def describe(self, which: int, cluster: int) -> dict[str, int | str]:
        """The figures of a reason: key, domain, its count, the least of the others, and the limit."""
        code = self._codes[which][cluster]
        spread = self.spreads[which]
        if code < 0:
            return {"key": spread.key, "max_skew": spread.max_skew}
        return {
            "key": spread.key,
            "domain": self._values[which][code],
            "count": int(self._counts[which][code]),
            "least": self._least(which),
            "max_skew": spread.max_skew,
        }

    def _least(self, which: int) -> int:
        return self._least_of(which, self._counts[which])

    def _least_of(self, which: int, counts: Numbers) -> int:
        eligible = self._eligible[which]
        if len(eligible) == 0 or len(eligible) < (self.spreads[which].min_domains or 0):
            return 0
        return int(counts[eligible].min())
