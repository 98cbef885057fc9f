"""Expressions on labels and on properties, as users write them."""

from typing import Literal

from pydantic import model_validator

from kubefleet.model.property import parse_value
from kubefleet.model.selector import ORDERED, Expr, Operator
from kubefleet.spec.scalars import LabelKey, LabelValue, Scalar, Text
from kubefleet.spec.written import Written

_WITHOUT_VALUES = {Operator.EXISTS, Operator.DOES_NOT_EXIST}


class LabelExprSpec(Written):
    """A requirement on a label, as in Kubernetes' `matchExpressions`."""

    key: LabelKey
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    values: list[LabelValue] = []

    @model_validator(mode="after")
    def _values_fit(self) -> "LabelExprSpec":
        check_values(self.key, Operator(self.operator), self.values)
        return self

    def expr(self) -> Expr:
        """The frozen value."""
        return Expr(self.key, Operator(self.operator), tuple(sorted(set(self.values))))


class PropertyExprSpec(Written):
    """A requirement on a property."""

    name: Text
    operator: Literal["Eq", "Ne", "Gt", "Ge", "Lt", "Le", "In", "NotIn", "Exists", "DoesNotExist"]
    values: list[Scalar] = []

    @model_validator(mode="after")
    def _values_fit(self) -> "PropertyExprSpec":
        check_values(self.name, Operator(self.operator), self.values)
        return self

    def expr(self) -> Expr:
        """The frozen value."""
        return Expr(self.name, Operator(self.operator), tuple(sorted(set(self.values))))


def check_values(key: str, operator: Operator, values: list[str]) -> None:
    """The number of values that an operator takes. Raises ValueError."""
    if operator in _WITHOUT_VALUES:
        if values:
            raise ValueError(f"{len(values)} values for {operator} on `{key}` (expected none). Leave the values out.")
    elif operator in {Operator.IN, Operator.NOT_IN}:
        if not values:
            raise ValueError(f"no values for {operator} on `{key}` (expected at least one)")
    elif len(values) != 1:
        raise ValueError(f"{len(values)} values for {operator} on `{key}` (expected exactly one)")
    elif operator in ORDERED and not _has_order(values[0]):
        raise ValueError(f"bad value `{values[0]}` for {operator} on `{key}` (expected a quantity or a version `v1.2`)")


def _has_order(value: str) -> bool:
    try:
        return not isinstance(parse_value(value), str | bool)
    except ValueError:
        return False
