"""What happens to objects that are there already, that others change, that cannot be changed, and at the end."""

from dataclasses import dataclass
from enum import StrEnum


class OnExisting(StrEnum):
    """An object that is there and is nobody's of ours."""

    REFUSE = "refuse"
    TAKE_OVER_IF_SAME = "take_over_if_same"
    TAKE_OVER = "take_over"


class OnDrift(StrEnum):
    """A field of ours that somebody else has changed."""

    CORRECT = "correct"
    REPORT = "report"


class OnDelete(StrEnum):
    """The objects of a placement that is removed."""

    DELETE = "delete"
    ORPHAN = "orphan"


class OnImmutable(StrEnum):
    """A change of a field that cannot be changed."""

    FAIL = "fail"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """One placement's. `pods_counted`: its rollout counts pods, so no workload is replaced whose pods would go."""

    on_existing: OnExisting = OnExisting.REFUSE
    on_drift: OnDrift = OnDrift.CORRECT
    on_delete: OnDelete = OnDelete.DELETE
    on_immutable: OnImmutable = OnImmutable.FAIL
    pods_counted: bool = False


WRITTEN = ("on_delete", "on_drift", "on_existing", "on_immutable")
"""Those that a program writes, each an argument of its own."""
CAREFUL = ApplyOptions()
"""The defaults: nothing of anybody else's is touched."""
