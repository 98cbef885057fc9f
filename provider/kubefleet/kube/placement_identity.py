"""Who applies: the names under which one placement writes to its clusters."""

from dataclasses import dataclass
from typing import Final

_PREFIX: Final = "kubefleet/"
_LONGEST_MANAGER: Final = 128
OWNER_PREFIX: Final = "pulumi-kubefleet/owner."


@dataclass(frozen=True, slots=True)
class PlacementIdentity:
    """One placement of one stack. `uid` is kept for ever (16 hex digits); the names may change around it.

    `operator` is the user who runs the command, for the record in the inventory object; may be empty.
    """

    uid: str
    placement: str
    fleet: str
    stack: str
    operator: str = ""
    field_manager: str = ""

    @property
    def manager(self) -> str:
        """The field manager: the one that was computed once and kept, else the one of these names."""
        return self.field_manager or field_manager(self.placement, self.uid)

    @property
    def owner_annotation(self) -> str:
        """The annotation that says that an object is this placement's."""
        return OWNER_PREFIX + self.uid


def field_manager(placement: str, uid: str) -> str:
    """`kubefleet/<placement>.<uid>`, the placement's name cut where the API server's 128 characters end."""
    room = _LONGEST_MANAGER - len(_PREFIX) - 1 - len(uid)
    return f"{_PREFIX}{placement[:room]}.{uid}"


def placement_of(manager: str) -> tuple[str, str] | None:
    """Placement and uid of a field manager of ours, None for anybody else's."""
    placement, dot, uid = manager.removeprefix(_PREFIX).rpartition(".")
    return (placement, uid) if manager.startswith(_PREFIX) and dot and uid else None


def is_manager_of(manager: str, uid: str) -> bool:
    """Whether a field manager is that placement's, also when the placement had another name then."""
    found = placement_of(manager)
    return found is not None and found[1] == uid
