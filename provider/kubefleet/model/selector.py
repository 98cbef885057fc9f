"""Selectors over labels and over properties: a key, an operator, values."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from kubefleet.model.property import Flaw, Property, Value, Version, parse_value


class Operator(StrEnum):
    """Operators of an expression. Labels know the last four, those of nodes `Gt` and `Lt` too, properties all."""

    EQ = "Eq"
    NE = "Ne"
    GT = "Gt"
    GE = "Ge"
    LT = "Lt"
    LE = "Le"
    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


_INTEGER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
ORDERED = frozenset({Operator.GT, Operator.GE, Operator.LT, Operator.LE})


@dataclass(frozen=True, slots=True, order=True)
class Expr:
    """One requirement, e.g. `Expr("region", Operator.IN, ("eu", "us"))`."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.key} {self.operator} {','.join(self.values)}".rstrip()

    def matches_labels(self, labels: Mapping[str, str]) -> bool:
        """Kubernetes' label selector semantics: `NotIn` also matches where the key is absent; `Gt` and `Lt` compare
        integers, and match nothing else.
        """
        if self.operator is Operator.EXISTS:
            return self.key in labels
        if self.operator is Operator.DOES_NOT_EXIST:
            return self.key not in labels
        if self.operator is Operator.IN:
            return labels.get(self.key) in self.values
        if self.operator in ORDERED:
            return self._compares(labels.get(self.key, ""))
        return labels.get(self.key) not in self.values

    def _compares(self, label: str) -> bool:
        if len(self.values) != 1 or not (_INTEGER.fullmatch(label) and _INTEGER.fullmatch(self.values[0])):
            return False
        have, than = int(label), int(self.values[0])
        return have > than if self.operator is Operator.GT else have < than

    def matches_property(self, found: Property | None) -> bool:
        """Whether a property satisfies this. An absent one satisfies `DoesNotExist`, `NotIn` and `Ne` only; one whose
        value cannot be used counts as absent.

        A set satisfies `Eq` and `In` when it contains one of the values.
        """
        if found is not None and isinstance(found.value, Flaw):
            found = None
        if self.operator is Operator.EXISTS:
            return found is not None
        if self.operator is Operator.DOES_NOT_EXIST:
            return found is None
        negative = self.operator in {Operator.NE, Operator.NOT_IN}
        if found is None:
            return negative
        wanted = [_as_kind_of(found.value, value) for value in self.values]
        if self.operator in ORDERED:
            return _ordered(found.value, self.operator, wanted[0])
        equal = any(_equal(found.value, value) for value in wanted)
        return equal != negative


def _as_kind_of(value: Value, text: str) -> Value:
    """A value of an expression read as the property's own kind, so that text `2` never equals number 2 by luck.

    Of a version the `v` may be missing: `1.30` is a number elsewhere.
    """
    if isinstance(value, Version) and not text.startswith("v"):
        text = f"v{text}"
    return text if isinstance(value, str | frozenset) else parse_value(text)


def _equal(value: Value, wanted: Value) -> bool:
    if isinstance(value, frozenset):
        return wanted in value
    if isinstance(value, Version) and isinstance(wanted, Version):
        return value.numbers == wanted.numbers
    return type(value) is type(wanted) and value == wanted


def _ordered(value: Value, operator: Operator, wanted: Value) -> bool:
    if isinstance(value, Fraction) and isinstance(wanted, Fraction):
        below, equal = value < wanted, value == wanted
    elif isinstance(value, Version) and isinstance(wanted, Version):
        below, equal = value < wanted, value.numbers == wanted.numbers
    else:
        return False
    return {
        Operator.GT: not below and not equal,
        Operator.GE: not below,
        Operator.LT: below,
        Operator.LE: below or equal,
    }[operator]
