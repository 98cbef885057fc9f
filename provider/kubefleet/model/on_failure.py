"""What becomes of a rollout when a cluster or a gate fails."""

from dataclasses import dataclass
from enum import StrEnum

from kubefleet.model.share import Share


class Then(StrEnum):
    """`PAUSE`: it stops, and keeps what is done. `ROLLBACK`: what it has touched goes back to the revision before.
    `CONTINUE`: it goes on with the others.
    """

    PAUSE = "pause"
    ROLLBACK = "rollback"
    CONTINUE = "continue"


@dataclass(frozen=True, slots=True)
class OnFailure:
    """`max_failures` clusters (of a stage, where there are stages) may fail where it continues: percentages are rounded
    down, since each of them is a cluster that is worse off.
    """

    then: Then = Then.PAUSE
    max_failures: Share = Share(0)

    def goes_on(self, failed: int, clusters: int) -> bool:
        """Whether a rollout of so many clusters goes on after so many of them have failed."""
        return failed == 0 or (self.then is Then.CONTINUE and failed <= self.max_failures.down(clusters))


PAUSE = OnFailure()
