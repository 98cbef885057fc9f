"""What a program writes down: arguments are recorded as they are and checked later, all of them at once.

Constructors never raise for a user's value: a program with five mistakes should hear of five, not of the first.
"""

from collections.abc import Mapping
from typing import Any


class Record:
    """Recorded arguments. `raw()` gives plain data in the spelling of the Python API, without what was left out."""

    def __init__(self, **fields: Any) -> None:
        self._fields = {name: value for name, value in fields.items() if value is not None}

    def raw(self) -> dict[str, Any]:
        """Plain dicts and lists; Outputs stay where they are."""
        return {name: plain(value) for name, value in self._fields.items()}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self._fields)})"


def plain(value: Any) -> Any:
    """Records inside dicts, lists and tuples become plain data; everything else is left untouched."""
    if isinstance(value, Record):
        return value.raw()
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value) if isinstance(value, set | frozenset) else value
        return [plain(item) for item in items]
    return value
