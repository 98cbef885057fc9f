"""Objects of the placement, judged by a rule as health checks have them."""

from dataclasses import dataclass

from kubefleet.health.checks import Check


@dataclass(frozen=True, slots=True)
class Objects:
    """All objects that the check is about, on every cluster of the stage."""

    check: Check

    def __str__(self) -> str:
        return str(self.check.rule)
