"""A selection as plain data: how it stands among the inputs of a schedule."""

from collections.abc import Mapping
from typing import Any

from kubefleet.model.selection import Named, Selection

_LISTS = ("follows", "absent", "unclear")


def record_of(selection: Selection) -> dict[str, Any]:
    """`{selected: [object], follows: {object: why}, absent: ..., unclear: ...}`, without empty ones."""
    lists = {field: {item.object: item.why for item in getattr(selection, field)} for field in _LISTS}
    return {"selected": list(selection.selected), **{field: named for field, named in lists.items() if named}}


def selection_of(record: Mapping[str, Any] | None) -> Selection | None:
    """What `record_of` wrote; None where nothing was selected."""
    if record is None:
        return None
    lists = [tuple(Named(*item) for item in sorted((record.get(field) or {}).items())) for field in _LISTS]
    return Selection(tuple(record["selected"]), *lists)
