"""Lists whose items have names: paths lead by name to what YAML has by number, and back to its line."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from kubefleet.spec.mistakes import Mistake, join
from kubefleet.spec.yaml_file import Document, Steps

_LAST_STEP = re.compile(r"(\[[^\]]*\]|\.?[^.\[\]]+)\Z")


def named_items(raw: object, field: str) -> list[tuple[str | int, object]]:
    """Items of a list with the step that a path takes to each: its name, or its number if it has none of its own."""
    found: list[tuple[str | int, object]] = []
    names: set[str] = set()
    for index, item in enumerate(_list(raw, field)):
        name = item.get("name") if isinstance(item, Mapping) else None
        fresh = isinstance(name, str) and name not in names
        found.append((name if fresh and isinstance(name, str) else index, item))
        if isinstance(name, str):
            names.add(name)
    return found


def item_names(raw: object, field: str) -> list[str]:
    """The names that a list's items have."""
    return [step for step, _ in named_items(raw, field) if isinstance(step, str)]


def repeated_names(raw: object, field: str) -> list[Mistake]:
    """A mistake for every item whose name an earlier one has."""
    return [
        Mistake(join(field, step, "name"), f"`{item['name']}` is there twice (expected once). Rename or remove one.")
        for step, item in named_items(raw, field)
        if isinstance(step, int) and isinstance(item, Mapping) and isinstance(item.get("name"), str)
    ]


def located(mistakes: Iterable[Mistake], document: Document, fields: Iterable[str] = ()) -> list[Mistake]:
    """Mistakes with file and line, by line, each once. Their paths lead by name through the lists in `fields`.

    What is not there itself has the line of what is around it.
    """
    found = tuple(dict.fromkeys(mistakes))
    if not found:
        return []
    steps_of: dict[str, Steps] = {}
    renamed = {field: [step for step, _ in named_items(document.value, field)] for field in fields}
    for steps in document.lines:
        shown = list(steps)
        if len(steps) > 1 and steps[0] in renamed and isinstance(steps[1], int):
            shown[1] = renamed[str(steps[0])][steps[1]]
        steps_of.setdefault(join("", *shown), steps)

    def line(mistake: Mistake) -> int:
        path = mistake.path
        while path and path not in steps_of:
            path = _LAST_STEP.sub("", path)
        return document.line(*steps_of.get(path, ()))

    return [
        replace(mistake, where=mistake.where or f"{document.file}:{line(mistake)}")
        for mistake in sorted(found, key=line)
    ]


def _list(raw: object, field: str) -> list[object]:
    value = raw.get(field) if isinstance(raw, Mapping) else None
    return value if isinstance(value, list) else []
