"""Hard topology spread on the board: how many more seats a domain may have."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spreading:
    """One `DoNotSchedule` of a placement. `domains` has by cluster the number of its domain (−1 where it has none),
    `standing` by domain what stands there, `eligible` those that count for the least; none of them where the least is 0
    whatever happens.
    """

    domains: tuple[int, ...]
    standing: tuple[int, ...]
    eligible: tuple[int, ...]
    max_skew: int

    def counts(self, seats: Sequence[int]) -> list[int]:
        """By domain what stands there and the new seats."""
        counts = list(self.standing)
        for domain, count in zip(self.domains, seats, strict=True):
            if count:
                counts[domain] += count
        return counts

    def allows(self, counts: Sequence[int], c: int, most: int) -> int:
        """How many more seats, at most so many, one cluster may have at once."""
        domain = self.domains[c]
        if self.eligible == (domain,):
            return most
        least = min([counts[other] for other in self.eligible if other != domain], default=0)
        return max(0, min(most, least + self.max_skew - counts[domain]))

    def excess(self, counts: Sequence[int], c: int) -> int:
        """By how many a cluster's domain stands further above the least than is allowed."""
        least = min([counts[other] for other in self.eligible], default=0)
        return max(0, counts[self.domains[c]] - least - self.max_skew)
