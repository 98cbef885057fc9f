"""Why a placement may not write an object: somebody else's. Texts name managers and fields, never values."""

from dataclasses import dataclass
from typing import Final

from kubefleet.kube.errors import MemberError
from kubefleet.kube.object_ref import ObjectRef

_FIELDS_SHOWN: Final = 4


@dataclass(frozen=True, slots=True, order=True)
class Conflict:
    """One object that is not ours, one manager of it, and which of the fields we would apply that manager holds.

    `hint` is the next step. `fields` may be empty: then the manager holds the object, but none of our fields.
    """

    object: ObjectRef
    manager: str
    fields: tuple[str, ...]
    hint: str

    def __str__(self) -> str:
        shown = ", ".join(self.fields[:_FIELDS_SHOWN])
        more = len(self.fields) - _FIELDS_SHOWN
        rest = f" and {more} more" if more > 0 else ""
        holds = f" (fields {shown}{rest})" if self.fields else ""
        return f"{self.object} belongs to `{self.manager}`{holds}. {self.hint}"


class Refused(MemberError):
    """Objects of the placement are somebody else's at this member: none of the placement's objects was written."""

    def __init__(self, member: str, conflicts: tuple[Conflict, ...]) -> None:
        self.conflicts = tuple(sorted(conflicts))
        super().__init__(member, "nothing applied: " + "; ".join(str(conflict) for conflict in self.conflicts))


class NotApplied(MemberError):
    """One object was not applied; those before it in the order were. `why` is one line that ends with a next step."""

    def __init__(self, member: str, ref: ObjectRef, why: str) -> None:
        self.object = ref
        self.why = why
        super().__init__(member, f"{ref} not applied: {why}")
