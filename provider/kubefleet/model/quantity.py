"""Kubernetes quantities as exact numbers.

Grammar: apimachinery's `resource.Quantity` (`<sign><digits>[.<digits>]<suffix>`, suffix one of
`n u m "" k M G T P E`, `Ki Mi Gi Ti Pi Ei`, or a decimal exponent). Values are exact fractions: the API server
rounds up to a nano-unit, which no amount of a resource comes near.
"""

import math
import re
from fractions import Fraction

_QUANTITY = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?", re.ASCII)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_LIMIT_OF_EXPONENT = 30


def parse_quantity(text: str | int | float) -> Fraction:
    """The value of a quantity as users write it (`500m`, `1.5Gi`, `12e6`, or a bare number).

    Raises ValueError with what was seen.
    """
    if isinstance(text, bool):
        raise ValueError(f"bad quantity `{text}` (expected a number with a suffix such as 500m or 2Gi)")
    if isinstance(text, int):
        return Fraction(text)
    if isinstance(text, float):
        # YAML reads `0.5` as a float; its shortest decimal text is what the user wrote.
        text = repr(text)
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(f"bad quantity `{text}` (expected a number with a suffix such as 500m or 2Gi)")
    sign, digits, suffix = match.group(1), match.group(2), match.group(3) or ""
    number = Fraction(digits) if sign != "-" else -Fraction(digits)
    if suffix in _BINARY:
        return number * int(1024 ** _BINARY[suffix])
    exponent = _DECIMAL[suffix] if suffix in _DECIMAL else int(suffix[1:])
    if abs(exponent) > _LIMIT_OF_EXPONENT:
        raise ValueError(f"bad quantity `{text}` (expected an exponent of at most {_LIMIT_OF_EXPONENT})")
    return number * int(10**exponent) if exponent >= 0 else number / int(10**-exponent)


def amount_of(resource: str, quantity: str | int | float) -> int:
    """A quantity of `resource` in whole units, rounded up: millicores for `cpu`, bytes or pieces for the rest.

    These are the units in which kube-scheduler compares requests with nodes (`framework.Resource`).
    Raises ValueError.
    """
    value = parse_quantity(quantity)
    return math.ceil(value * 1000) if resource == "cpu" else math.ceil(value)


def format_amount(resource: str, amount: int) -> str:
    """The shortest text for an amount: `8`, `500m` for cpu; `16Gi`, `1500Mi` for bytes; digits for pieces."""
    if resource == "cpu":
        return str(amount // 1000) if amount % 1000 == 0 else f"{amount}m"
    if resource in {"memory", "ephemeral-storage"} or resource.startswith("hugepages-"):
        for suffix, power in reversed(_BINARY.items()):
            unit = 1024**power
            if amount and amount % unit == 0:
                return f"{amount // unit}{suffix}"
        if abs(amount) >= 1024**3:
            return f"{amount / 1024**3:.1f}Gi"
        if abs(amount) >= 1024**2:
            return f"{amount / 1024**2:.1f}Mi"
    return str(amount)
