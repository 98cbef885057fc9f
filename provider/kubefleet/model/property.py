"""Properties of a member cluster: typed values, each with where it came from."""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import total_ordering

from kubefleet.model.quantity import parse_quantity

_VERSION = re.compile(r"v(\d+)\.(\d+)(?:\.(\d+))?(?:[-+.].*)?", re.ASCII)


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """A version such as `v1.37.2-gke.100`; ordered by its three numbers, a suffix does not count."""

    numbers: tuple[int, int, int]
    text: str

    def __lt__(self, other: "Version") -> bool:
        return self.numbers < other.numbers


Value = Fraction | Version | bool | str | frozenset[str]


@dataclass(frozen=True, slots=True)
class Property:
    """One property. `text` is how it was written or measured, `source` where: `nodes`, `labels`, `user` ..."""

    value: Value
    text: str
    source: str


def parse_value(raw: object) -> Value:
    """The typed value of what a user or a node says: boolean, list (a set), version `v1.2.3`, quantity, else text.

    Raises ValueError for anything but a scalar or a list of scalars.
    """
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, list | tuple | set | frozenset):
        return frozenset(str(item) for item in raw)
    if isinstance(raw, int | float):
        return parse_quantity(raw)
    if not isinstance(raw, str):
        raise ValueError(f"bad property value `{raw}` (expected text, a number, a boolean or a list of texts)")
    if raw in {"true", "false"}:
        return raw == "true"
    if match := _VERSION.fullmatch(raw):
        return Version((int(match[1]), int(match[2]), int(match[3] or 0)), raw)
    try:
        return parse_quantity(raw)
    except ValueError:
        return raw


def make_property(raw: object, source: str) -> Property:
    """A property from a raw value. Raises ValueError."""
    if isinstance(raw, list | tuple | set | frozenset):
        text = ",".join(sorted(str(item) for item in raw))
    else:
        text = str(raw).lower() if isinstance(raw, bool) else str(raw)
    return Property(parse_value(raw), text, source)
