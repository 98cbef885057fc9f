"""YAML files as kubectl reads them, with the line of every value."""

import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from kubefleet.spec.mistakes import Mistake

Steps = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file: plain data, and the line on which each value begins, by the steps that lead to it."""

    file: Path
    value: object
    lines: dict[Steps, int] = field(default_factory=dict)

    def line(self, *steps: str | int) -> int:
        """The line of what the steps lead to, or of the nearest thing around it that exists."""
        while steps and steps not in self.lines:
            steps = steps[:-1]
        return self.lines.get(steps, 1)

    def where(self, *steps: str | int) -> str:
        """The same with the file: `fleet.yaml:12`."""
        return f"{self.file}:{self.line(*steps)}"


class _Loader(yaml.CSafeLoader):
    """PyYAML without the types that kubectl's reader does not know: dates, and numbers to the base of sixty."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":int", ":float"))]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int",
    re.compile(r"[-+]?(0b[01_]+|0o?[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+)\Z"),
    list("-+0123456789"),
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(
        r"([-+]?([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9][0-9_]*)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\Z"
    ),
    list("-+0123456789."),
)


def load_yaml(path: Path, mistakes: list[Mistake]) -> tuple[Document, ...]:
    """Every document of a file that is not empty. Adds what is wrong (unreadable, syntax, duplicate keys) to
    `mistakes`, with file and line, and then gives what could be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        mistakes.append(Mistake("", f"cannot read the file: {error.strerror or error}", str(path)))
        return ()
    except UnicodeDecodeError as error:
        mistakes.append(
            Mistake("", f"cannot read the file: byte {error.start} is not UTF-8 (expected text)", str(path))
        )
        return ()
    return parse_yaml(text, path, mistakes)


def parse_yaml(text: str, path: Path, mistakes: list[Mistake]) -> tuple[Document, ...]:
    """As `load_yaml`, from text that was read from `path`."""
    documents: list[Document] = []
    try:
        loader = _Loader(text)
        try:
            while loader.check_node() and (node := loader.get_node()) is not None:
                lines: dict[Steps, int] = {}
                mistakes.extend(_walk(loader, node, (), path, lines, set()))
                value = loader.construct_document(node)
                if value is not None:
                    documents.append(Document(path, value, lines))
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        mistakes.append(Mistake("", f"invalid YAML: {error.problem or error.context}", f"{path}:{line}"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mistakes.append(Mistake("", f"invalid YAML: {str(error).splitlines()[0]}", str(path)))
    return tuple(documents)


def _walk(
    loader: _Loader, node: yaml.Node, steps: Steps, path: Path, lines: dict[Steps, int], seen: set[int]
) -> Iterator[Mistake]:
    """Record lines; yield duplicate keys. A node behind several aliases is visited once."""
    lines[steps] = node.start_mark.line + 1
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _walk(loader, item, (*steps, index), path, lines, seen)
    elif isinstance(node, yaml.MappingNode):
        first: dict[Hashable, int] = {}
        for key, item in node.value:
            line = key.start_mark.line + 1
            name = key.value if isinstance(key, yaml.ScalarNode) else None
            if name is not None and name != "<<":
                if name in first:
                    message = f"duplicate key `{name}` (first on line {first[name]}). Remove one of the two."
                    yield Mistake("", message, f"{path}:{line}")
                first.setdefault(name, line)
            yield from _walk(loader, item, (*steps, name if name is not None else str(line)), path, lines, seen)
            if name is not None:
                lines[(*steps, name)] = line
