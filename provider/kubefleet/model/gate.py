"""Gates: what a rollout waits for before it goes on."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wait:
    """So many seconds, counted from when the stage became healthy."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Approval:
    """Somebody has approved the revision for the stage."""


Gate = Wait | Approval


def approval_of(placement: str, stage: str, revision: str) -> str:
    """What stands in the stack's configuration for a stage that is approved at a revision."""
    return f"{placement}/{stage}@{revision}"
