"""Files that hold one mapping: the SKU table, prices."""

from collections.abc import Mapping
from pathlib import Path

from kubefleet.spec.mistakes import Mistake, join
from kubefleet.spec.yaml_file import Document, load_yaml


def load_table(path: Path, mistakes: list[Mistake]) -> Document | None:
    """The one document of a file, or None after adding why there is none; an empty file has none, and no mistake."""
    before = len(mistakes)
    documents = load_yaml(path, mistakes)
    if len(mistakes) > before or not documents:
        return None
    if len(documents) > 1:
        mistakes.append(Mistake("", f"{len(documents)} documents in the file (expected one)", str(path)))
        return None
    return documents[0]


def table_rows(raw: object, path: str, mistakes: list[Mistake]) -> list[tuple[str, object]]:
    """The rows of a mapping, sorted by name; anything else is a mistake."""
    if not isinstance(raw, Mapping):
        mistakes.append(Mistake(path, "bad value (expected a mapping of rows by name)"))
        return []
    rows = []
    for name, row in raw.items():
        if isinstance(name, str) and name:
            rows.append((name, row))
        else:
            mistakes.append(Mistake(join(path, str(name)), f"bad name `{name}` (expected text). Put it in quotes."))
    return sorted(rows, key=lambda item: item[0])
