"""What one source of manifests holds: an object is itself, a path the documents of its files."""

import glob
from collections.abc import Mapping
from os import PathLike
from pathlib import Path

from kubefleet.spec.mistakes import Mistake
from kubefleet.spec.yaml_file import load_yaml

_SUFFIXES = frozenset({".yaml", ".yml", ".json"})


def values_of(source: object, where: str, base: Path, mistakes: list[Mistake]) -> list[tuple[object, str]]:
    """Each value with its place: `web.yaml:12`, or the argument's path `where`. Files are found from `base`."""
    if isinstance(source, Mapping):
        return [(source, where)]
    if isinstance(source, str | PathLike):
        return _from_files(str(source), where, base, mistakes)
    seen = type(source).__name__
    message = f"bad value of type {seen} (expected a path or an object that is known when the program runs"
    mistakes.append(Mistake(where, f"{message}; its values may be Outputs)."))
    return []


def _from_files(pattern: str, where: str, base: Path, mistakes: list[Mistake]) -> list[tuple[object, str]]:
    target = base / pattern
    if target.is_dir():
        files = sorted(file for file in target.rglob("*") if file.suffix in _SUFFIXES)
    elif glob.has_magic(pattern):
        files = sorted(Path(name) for name in glob.glob(str(target), recursive=True))  # noqa: PTH207 - Path.glob takes no absolute pattern
    else:
        files = [target]
    if not files:
        mistakes.append(Mistake(where, f"nothing matches `{pattern}` (expected YAML files). Check the path."))
    documents: list[tuple[object, str]] = []
    for file in files:
        wrong: list[Mistake] = []
        documents.extend((document.value, _shown(document.where(), base)) for document in load_yaml(file, wrong))
        mistakes.extend(Mistake(where, mistake.message, _shown(mistake.where, base)) for mistake in wrong)
    return documents


def _shown(where: str, base: Path) -> str:
    """A place relative to the program's folder, as the user wrote it."""
    return where.removeprefix(f"{base}/")
