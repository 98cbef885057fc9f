"""Topology domains of one request and how many of its copies or replicas stand in each.

Kubernetes' rule: one more in a domain may not bring count + 1 − the global minimum above `max_skew`. The minimum is
over eligible domains, those with a cluster that passes every filter except capacity and spread; fewer of them than
`min_domains` make it 0.
"""

from collections.abc import Sequence

import numpy as np

from kubefleet.model.policy import TopologySpread
from kubefleet.scheduling.columns import Columns
from kubefleet.scheduling.protocols import Mask, Numbers

_FURTHEST = 1_000_000_000


class Domains:
    """Counts per domain of each topology key, changed by `add` as picks are made."""

    def __init__(self, columns: Columns, spreads: Sequence[TopologySpread], eligible: Mask) -> None:
        self.spreads = tuple(spreads)
        self._size = len(columns)
        self._codes = [columns.domains(spread.key)[0] for spread in self.spreads]
        self._values = [columns.domains(spread.key)[1] for spread in self.spreads]
        self._counts = [np.zeros(len(values), dtype=np.int64) for values in self._values]
        self._eligible = [np.unique(codes[eligible & (codes >= 0)]) for codes in self._codes]

    def copy(self) -> "Domains":
        """The same counts, to try something out on."""
        other = object.__new__(Domains)
        other.spreads, other._size = self.spreads, self._size
        other._codes, other._values, other._eligible = self._codes, self._values, self._eligible
        other._counts = [counts.copy() for counts in self._counts]
        return other

    def add(self, cluster: int, amount: int = 1) -> None:
        """Count copies or replicas on a cluster (or take them back, if negative)."""
        for codes, counts in zip(self._codes, self._counts, strict=True):
            if codes[cluster] >= 0:
                counts[codes[cluster]] += amount

    def skew(self, which: int) -> Numbers:
        """Per cluster, the skew that one more there would leave for one key; enormous where the key is missing."""
        codes, counts = self._codes[which], self._counts[which]
        if len(counts) == 0:
            return np.full(self._size, _FURTHEST, dtype=np.int64)
        return np.where(codes >= 0, counts[codes] + 1 - self._least(which), _FURTHEST)

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

    def crowded(self, cluster: int) -> bool:
        """Whether a cluster's domain already stands further above the minimum than a `DoNotSchedule` allows."""
        return any(
            self._codes[which][cluster] >= 0 and self.skew_at(which, cluster) - 1 > spread.max_skew
            for which, spread in enumerate(self.spreads)
            if spread.hard
        )

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
        eligible = self._eligible[which]
        if len(eligible) == 0 or len(eligible) < (self.spreads[which].min_domains or 0):
            return 0
        return int(self._counts[which][eligible].min())
