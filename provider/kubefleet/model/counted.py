"""Names with a number each, such as clusters with their replicas, as plans, messages and errors show them."""

from collections.abc import Mapping


def counted(amounts: Mapping[str, int | None]) -> str:
    """`eu-1 x7, us-1 x5`, by name; one without a number is only named. Empty for none."""
    return ", ".join(name if amounts[name] is None else f"{name} x{amounts[name]}" for name in sorted(amounts))
