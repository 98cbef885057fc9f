"""What a placement says of objects that are there, change, cannot change, and stay: `on_existing` and its like."""

from collections.abc import Mapping
from typing import Any, Literal

from kubefleet.model.apply_options import ApplyOptions, OnDelete, OnDrift, OnExisting, OnImmutable
from kubefleet.spec.mistakes import Mistake, MistakesError, Spelling
from kubefleet.spec.written import Written, read


class WrittenOptions(Written):
    """The four of them."""

    on_existing: Literal["refuse", "take_over_if_same", "take_over"] = "refuse"
    on_drift: Literal["correct", "report"] = "correct"
    on_delete: Literal["delete", "orphan"] = "delete"
    on_immutable: Literal["fail", "replace"] = "fail"

    def options(self) -> ApplyOptions:
        """The frozen value."""
        return ApplyOptions(
            OnExisting(self.on_existing),
            OnDrift(self.on_drift),
            OnDelete(self.on_delete),
            OnImmutable(self.on_immutable),
        )


def parse_options(raw: Mapping[str, Any] | None) -> ApplyOptions:
    """What was found fine when the program was checked. Raises MistakesError."""
    mistakes: list[Mistake] = []
    written = read(WrittenOptions, raw or {}, "options", Spelling.PYTHON, mistakes)
    if written is None:
        raise MistakesError(mistakes)
    return written.options()
