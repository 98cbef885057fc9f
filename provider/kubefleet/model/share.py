"""A part of a whole: of clusters, of pods."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """A number of clusters or of pods, or a percentage of them (`percent=True`)."""

    amount: int
    percent: bool = False

    def of(self, whole: int) -> int:
        """As a number of clusters: percentages are rounded down, and are at least 1."""
        return max(1, self.down(whole)) if self.percent else self.amount

    def down(self, whole: int) -> int:
        """As a number, percentages rounded down."""
        return whole * self.amount // 100 if self.percent else self.amount

    def up(self, whole: int) -> int:
        """As a number, percentages rounded up."""
        return -(-whole * self.amount // 100) if self.percent else self.amount
