"""`${cluster.name}`, `${cluster.labels.KEY}` and `${cluster.properties.KEY}` in the texts of an override.

Other `${...}` are the user's own, such as a shell's; `$${cluster...}` stands for one that is not replaced.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from kubefleet.model.cluster import Cluster
from kubefleet.model.property import is_flawed

_VARIABLE: Final = re.compile(r"(?P<escape>\$?)\$\{(?P<name>cluster[^}]*)\}")
_LABELS: Final = "cluster.labels."
_PROPERTIES: Final = "cluster.properties."
Steps = tuple[str | int, ...]


def variables_in(value: Any, steps: Steps = ()) -> Iterator[tuple[str, Steps]]:
    """Every variable, with the steps that lead to the text that it stands in."""
    if isinstance(value, str):
        yield from ((found["name"], steps) for found in _VARIABLE.finditer(value) if not found["escape"])
    elif isinstance(value, Mapping):
        for key in value:
            yield from variables_in(value[key], (*steps, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from variables_in(item, (*steps, index))


def is_variable(name: str) -> bool:
    """Whether there can be such a variable."""
    return name == "cluster.name" or any(
        name.startswith(prefix) and len(name) > len(prefix) for prefix in (_LABELS, _PROPERTIES)
    )


def is_of_property(name: str) -> bool:
    """Whether its value is measured, not declared."""
    return name.startswith(_PROPERTIES)


def value_of(name: str, cluster: Cluster) -> str | None:
    """The text that stands for a variable on a cluster; None where the cluster has no such label or property."""
    if name == "cluster.name":
        return cluster.name
    if name.startswith(_LABELS):
        return cluster.labels.get(name.removeprefix(_LABELS))
    found = cluster.properties.get(name.removeprefix(_PROPERTIES))
    return None if found is None or is_flawed(found) else found.text


def filled(value: Any, values: Mapping[str, str]) -> Any:
    """The value with the variables in its texts replaced; one that has no value stays as it is written."""
    if isinstance(value, str):
        return _VARIABLE.sub(_replacement(values), value)
    if isinstance(value, Mapping):
        return {key: filled(value[key], values) for key in value}
    return [filled(item, values) for item in value] if isinstance(value, list | tuple) else value


def _replacement(values: Mapping[str, str]) -> Callable[[re.Match[str]], str]:
    def replacement(found: re.Match[str]) -> str:
        written = found[0]
        return written[1:] if found["escape"] else values.get(found["name"], written)

    return replacement
