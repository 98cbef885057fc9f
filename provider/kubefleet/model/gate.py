"""Gates: what a rollout waits for before it goes on."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol


@dataclass(frozen=True, slots=True)
class Wait:
    """So many seconds, counted from when the stage became healthy."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Approval:
    """Somebody has approved the revision for the stage, or that it leaves the clusters."""


class Looked(Protocol):
    """What a check looks at: one of `kubefleet.health.probes`. As text it is what the user wrote."""

    def __str__(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Check:
    """A look that has to be well `successes` times in a row, every `interval` seconds, within `deadline` seconds."""

    look: Looked
    successes: int = 1
    interval: int = 10
    deadline: int = 600


Gate = Wait | Approval | Check


def approval_of(placement: str, stage: str, revision: str) -> str:
    """What stands in the stack's configuration for a stage that is approved at a revision."""
    return f"{placement}/{stage}@{revision}"


REMOVAL: Final = "removal"
"""What stands in the place of a stage where it is approved that clusters are left."""


def leaving_of(revision: str, clusters: Iterable[str]) -> str:
    """What is approved of a removal: that this revision, which runs elsewhere, is all that is left of them."""
    return f"{revision}:{','.join(sorted(clusters))}"


def is_removal_approved(approvals: Iterable[str], placement: str, revision: str, clusters: Iterable[str]) -> bool:
    """Whether all these clusters may be left. An approval that names more of them holds too: some are left already."""
    left, start = set(clusters), approval_of(placement, REMOVAL, leaving_of(revision, ()))
    return any(left <= set(word.removeprefix(start).split(",")) for word in approvals if word.startswith(start))
