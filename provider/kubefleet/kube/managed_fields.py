"""Which manager holds which fields of a live object, as `metadata.managedFields` says (server-side apply's FieldsV1).

Pure. FieldsV1 is a tree: `f:<field>` of a map, `k:{"name":"web"}` an item of a list by key, `v:<value>` an item of a
set, `i:<index>` one of a list without keys, `.` the thing itself, `{}` a leaf (also an atomic map or list).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

Fields = Mapping[str, Any]
NOTHING: Final = object()


@dataclass(frozen=True, slots=True)
class Managed:
    """One entry: a manager, how it wrote (`Apply` or `Update`), the subresource (mostly empty), and its fields."""

    manager: str
    operation: str
    subresource: str
    fields: Fields


def managed_by(live: Mapping[str, Any]) -> tuple[Managed, ...]:
    """The entries of a live object in the server's order; malformed ones are left out."""
    entries = (live.get("metadata") or {}).get("managedFields") or []
    return tuple(
        Managed(
            str(entry.get("manager") or ""),
            str(entry.get("operation") or ""),
            str(entry.get("subresource") or ""),
            entry["fieldsV1"],
        )
        for entry in entries
        if isinstance(entry, Mapping) and isinstance(entry.get("fieldsV1"), Mapping)
    )


def applied(value: Any, fields: Fields) -> Any:
    """The part of `value` that lies under `fields`: what that manager applied, in today's values.

    NOTHING when no part does.
    """
    keys = [key for key in fields if key != "."]
    if not keys:
        return value
    if isinstance(value, Mapping):
        parts = {key[2:]: applied(value[key[2:]], fields[key]) for key in keys if key[:2] == "f:" and key[2:] in value}
        kept = {key: part for key, part in parts.items() if part is not NOTHING}
        return kept if kept or "." in fields else NOTHING
    if isinstance(value, list):
        items = [
            part
            for index, item in enumerate(value)
            for key in keys
            if _names(key, item, index) and (part := applied(item, fields[key])) is not NOTHING
        ]
        return items if items or "." in fields else NOTHING
    return NOTHING


def held(desired: Any, fields: Fields, path: str = "") -> Iterator[str]:
    """The fields of `desired` that lie under `fields`, as kubectl writes them: `.spec.ports[port=80].name`.

    Paths only, never values other than the keys of list items.
    """
    keys = [key for key in fields if key != "."]
    if not keys:
        yield path
    elif isinstance(desired, Mapping):
        for key in keys:
            if key[:2] == "f:" and key[2:] in desired:
                yield from held(desired[key[2:]], fields[key], f"{path}.{key[2:]}")
    elif isinstance(desired, list):
        for index, item in enumerate(desired):
            for key in keys:
                if _names(key, item, index):
                    yield from held(item, fields[key], path + _bracket(key))


def differing(left: Any, right: Any, path: str = "") -> Iterator[str]:
    """Paths at which two values differ; a list that differs is one path."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        for key in sorted({*left, *right}):
            yield from differing(left.get(key, NOTHING), right.get(key, NOTHING), f"{path}.{key}")
    elif left != right:
        yield path


def contested(desired: Any, live: Any, fields: Fields, path: str = "") -> Iterator[str]:
    """Paths of the fields of `desired` that lie under `fields` and have another value in `live`."""
    keys = [key for key in fields if key != "."]
    if not keys:
        if desired != live:
            yield path
        return
    for key, ours, theirs in _pairs(desired, live, keys):
        step = f".{key[2:]}" if key[:2] == "f:" else _bracket(key)
        yield from contested(ours, theirs, fields[key], path + step)


def uncontested(desired: Any, live: Any, fields: Fields) -> Any:
    """`desired` without what is `contested`; NOTHING where that is all of it."""
    keys = [key for key in fields if key != "."]
    if not keys:
        return desired if desired == live else NOTHING
    if isinstance(desired, Mapping):
        result = dict(desired)
        for key, ours, theirs in _pairs(desired, live, keys):
            result[key[2:]] = uncontested(ours, theirs, fields[key])
        return {key: part for key, part in result.items() if part is not NOTHING}
    if isinstance(desired, list):
        items = []
        for index, item in enumerate(desired):
            part = item
            for key in keys:
                if _names(key, item, index):
                    part = uncontested(part, _named(live, key), fields[key])
            items.append(part)
        return [part for part in items if part is not NOTHING]
    return desired


def _named(live: Any, key: str) -> Any:
    items = live if isinstance(live, list) else []
    return next((item for at, item in enumerate(items) if _names(key, item, at)), NOTHING)


def _pairs(desired: Any, live: Any, keys: list[str]) -> Iterator[tuple[str, Any, Any]]:
    """Key, and what of each of the two it names, for what `desired` has."""
    if isinstance(desired, Mapping):
        there = live if isinstance(live, Mapping) else {}
        for key in keys:
            if key[:2] == "f:" and key[2:] in desired:
                yield key, desired[key[2:]], there.get(key[2:], NOTHING)
    elif isinstance(desired, list):
        for index, item in enumerate(desired):
            for key in keys:
                if _names(key, item, index):
                    yield key, item, _named(live, key)


def united(left: Fields, right: Fields) -> dict[str, Any]:
    """All that either of two trees holds."""
    return {
        **left,
        **{key: united(left[key], right[key]) if key in left else right[key] for key in right},
    }


def beyond(fields: Fields, others: Fields) -> dict[str, Any]:
    """The part of `fields` that `others` does not hold."""
    found = {}
    for key in fields:
        if key == ".":
            continue
        if key not in others:
            found[key] = fields[key]
        elif any(inner != "." for inner in others[key]) and (part := beyond(fields[key], others[key])):
            found[key] = part
    return found


def _names(key: str, item: Any, index: int) -> bool:
    """Whether a list's key names this item. A key's part that the item leaves to its default does not count."""
    kind, text = key[:2], key[2:]
    if kind == "i:":
        return text == str(index)
    if kind not in ("k:", "v:"):
        return False
    wanted = json.loads(text)
    if kind == "v:":
        return bool(item == wanted)
    shared = [part for part in wanted if part in item] if isinstance(item, Mapping) else []
    return bool(shared) and all(item[part] == wanted[part] for part in shared)


def _bracket(key: str) -> str:
    if key[:2] != "k:":
        return f"[{key[2:]}]"
    return "[" + ",".join(f"{part}={value}" for part, value in sorted(json.loads(key[2:]).items())) + "]"
