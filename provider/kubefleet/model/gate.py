"""Gates: what a rollout waits for before it goes on."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Wait:
    """So many seconds, counted from when the stage became healthy."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Approval:
    """Somebody has approved the revision for the stage."""


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
