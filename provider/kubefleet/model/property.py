"""Properties of a member cluster: typed values, each with where it came from."""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import total_ordering

from kubefleet.model.quantity import parse_quantity

_NO_NUMBERS = frozenset({"nan", "inf", "infinity"})
_NUMERIC = re.compile(
    r"(total|allocatable|available|node-max|node-min)-.+|node-count|network/bandwidth-gbps|cost/.+|carbon/.+"
    r"|(sku|accelerator)/.+/count|(accelerator|architecture|os|network)/.+/nodes"
)
_VERSION = re.compile(r"v(\d+)\.(\d+)(?:\.(\d+))?(?:[-+.].*)?", re.ASCII)


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """A version such as `v1.37.2-gke.100`; ordered by its three numbers, a suffix does not count."""

    numbers: tuple[int, int, int]
    text: str

    def __lt__(self, other: "Version") -> bool:
        return self.numbers < other.numbers


@dataclass(frozen=True, slots=True)
class Flaw:
    """In place of a value that cannot be used: the property counts as absent, and `why` is told where it is missed."""

    why: str


Value = Fraction | Version | bool | str | frozenset[str] | Flaw


@dataclass(frozen=True, slots=True)
class Property:
    """One property. `text` is how it was written or measured, `source` where: `nodes`, `version`, `user`, `prices`,
    `ClusterProperty`, `ClusterProfile`.
    """

    value: Value
    text: str
    source: str


def parse_value(raw: object) -> Value:
    """The typed value of what a user or a node says: boolean, list (a set), version `v1.2.3`, quantity, else text.

    Raises ValueError for anything but a scalar or a list of scalars, and for what is no number by its own word.
    """
    if str(raw).strip().lstrip("+-").casefold() in _NO_NUMBERS:
        raise ValueError(f"`{raw}` is no number")
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


def make_property(raw: object, source: str, name: str = "") -> Property:
    """A property from a raw value. One that cannot be used is a `Flaw`: no number by its own word (NaN), or no
    quantity in a property (`name`) of the standard table that counts something: `8 cores`, an unknown unit.
    """
    if isinstance(raw, list | tuple | set | frozenset):
        text = ",".join(sorted(str(item) for item in raw))
    else:
        text = str(raw).lower() if isinstance(raw, bool) else str(raw)
    try:
        value = parse_value(raw)
    except ValueError as error:
        return Property(Flaw(str(error)), text, source)
    if _NUMERIC.fullmatch(name) and not isinstance(value, Fraction):
        return Property(Flaw(f"`{text}` is no quantity"), text, source)
    if _NUMERIC.fullmatch(name) and isinstance(value, Fraction) and value < 0:
        return Property(Flaw(f"`{text}` is negative"), text, source)
    return Property(value, text, source)


def is_flawed(found: Property | None) -> bool:
    """Whether a property is there in name only."""
    return found is not None and isinstance(found.value, Flaw)
