"""The grammar of single values that users write, each with a message that names what was expected."""

import re
from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, Field

from kubefleet.model.quantity import parse_quantity
from kubefleet.spec.mistakes import Mistake

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)
_LABEL = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?", re.ASCII)
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", re.ASCII)
_LONGEST_SUBDOMAIN = 253
_TOO_LARGE = 2**63


def _name(raw: object) -> object:
    """A DNS label (RFC 1123), as names of clusters and placements are."""
    if isinstance(raw, str) and not _NAME.fullmatch(raw):
        raise ValueError(f"bad name `{raw}` (expected at most 63 lower-case letters, digits and inner hyphens)")
    return raw


def check_placement_name(raw: object) -> object:
    """`NAME` of a placement of the program, or `FLEET/NAME` of one that another stack has placed."""
    if isinstance(raw, str) and not all(_NAME.fullmatch(part) for part in raw.split("/", 1)):
        raise ValueError(f"bad name `{raw}` (expected the name of a placement, or FLEET/NAME of another stack's)")
    return raw


def check_name(name: str, path: str, mistakes: list[Mistake]) -> None:
    """Add a mistake for a name that is no DNS label."""
    try:
        _name(name)
    except ValueError as error:
        mistakes.append(Mistake(path, f"{error}. Rename it."))


def _label_key(raw: object) -> object:
    """`[prefix/]name` of apimachinery's `IsQualifiedName`."""
    if not isinstance(raw, str):
        return raw
    prefix, slash, name = raw.rpartition("/")
    fine = bool(name) and _LABEL.fullmatch(name) is not None
    if slash:
        fine = fine and len(prefix) <= _LONGEST_SUBDOMAIN and _SUBDOMAIN.fullmatch(prefix) is not None
    if not fine:
        raise ValueError(f"bad label key `{raw}` (expected `name` or `prefix/name` of letters, digits, `-`, `_`, `.`)")
    return raw


def _label_value(raw: object) -> object:
    if isinstance(raw, bool | int | float):
        raise ValueError(f"bad label value `{raw}` (expected text). Put it in quotes.")
    if isinstance(raw, str) and not _LABEL.fullmatch(raw):
        raise ValueError(f"bad label value `{raw}` (expected at most 63 letters, digits, `-`, `_`, `.`, or nothing)")
    return raw


def _whole(raw: object) -> object:
    """A whole number. Pulumi hands over every number as a float."""
    if isinstance(raw, float) and raw.is_integer():
        return int(raw)
    if isinstance(raw, bool) or not isinstance(raw, int):
        seen = "nothing" if raw is None else f"`{raw}`"
        raise ValueError(f"bad number {seen} (expected a whole number)")
    return raw


def _scalar(raw: object) -> object:
    """Text of a number, a boolean or a text."""
    if isinstance(raw, bool):
        return str(raw).lower()
    if isinstance(raw, float) and raw.is_integer():
        return str(int(raw))
    return str(raw) if isinstance(raw, int | float) else raw


def _quantity(raw: object) -> object:
    text = _scalar(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) else raw
    if not isinstance(text, str):
        raise ValueError(f"bad quantity `{raw}` (expected a number with a suffix such as 500m or 2Gi)")
    value = parse_quantity(text)
    if value < 0:
        raise ValueError(f"bad quantity `{raw}` (expected zero or more)")
    if value >= _TOO_LARGE:
        raise ValueError(f"bad quantity `{raw}` (expected less than 8Ei, where the API server stops too)")
    return text


def _moment(raw: object) -> object:
    """A moment as Kubernetes writes it, RFC 3339 with its zone."""
    try:
        found = datetime.fromisoformat(raw) if isinstance(raw, str) else raw
    except ValueError:
        found = None
    if not isinstance(found, datetime) or found.tzinfo is None:
        raise ValueError(f"bad moment `{raw}` (expected one such as 2026-01-31T12:00:00Z)")
    return found


def _property(raw: object) -> object:
    """A value of a kind that a property may have. One that cannot be used (NaN) costs the property, not the program."""
    if isinstance(raw, bool | int | str):
        return raw
    if isinstance(raw, float):
        return _scalar(raw)
    if isinstance(raw, list | tuple | set | frozenset) and not any(
        isinstance(item, list | dict) or item is None for item in raw
    ):
        return raw
    raise ValueError(f"bad property value `{raw}` (expected text, a number, a boolean or a list of texts)")


Name = Annotated[str, BeforeValidator(_name)]
LabelKey = Annotated[str, BeforeValidator(_label_key)]
LabelValue = Annotated[str, BeforeValidator(_label_value)]
Scalar = Annotated[str, BeforeValidator(_scalar)]
QuantityText = Annotated[str, BeforeValidator(_quantity)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
PropertyValue = Annotated[object, BeforeValidator(_property)]
Text = Annotated[str, Field(min_length=1)]
Whole = Annotated[int, BeforeValidator(_whole)]
Count = Annotated[int, BeforeValidator(_whole), Field(ge=0, le=10_000_000)]
Priority = Annotated[int, BeforeValidator(_whole), Field(ge=-1_000_000_000, le=1_000_000_000)]
"""Within the bounds of Kubernetes' own PriorityClasses."""
Selected = Annotated[list[Text], BeforeValidator(lambda raw: [raw] if isinstance(raw, str) else raw)]
"""Names of objects; a single one needs no list."""
Labels = dict[LabelKey, LabelValue]
Resources = dict[Text, QuantityText]
