"""`null` in what goes through Pulumi, which drops fields that hold nothing: there a word stands for it."""

from collections.abc import Mapping
from typing import Any, Final

NULL: Final = "${null}"


def without_nulls(value: Any) -> Any:
    """The same with `NULL` for every None."""
    return _replaced(value, None, NULL)


def with_nulls(value: Any) -> Any:
    """What `without_nulls` was given."""
    return _replaced(value, NULL, None)


def _replaced(value: Any, old: str | None, new: str | None) -> Any:
    if isinstance(value, Mapping):
        return {key: _replaced(item, old, new) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(item, old, new) for item in value]
    return new if value is old or (old is not None and value == old) else value
