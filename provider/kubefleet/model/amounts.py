"""Amounts of resources: `{"cpu": 4000, "memory": 8589934592, "nvidia.com/gpu": 8}` in whole units.

The units are those of `quantity.amount_of`: millicores for cpu, bytes or pieces for everything else.
"""

from collections.abc import Iterable, Mapping

from immutabledict import immutabledict

from kubefleet.model.quantity import amount_of

Amounts = immutabledict[str, int]
NOTHING: Amounts = immutabledict()


def parse_amounts(quantities: Mapping[str, str | int | float]) -> Amounts:
    """Amounts from a Kubernetes resource list. Raises ValueError naming the resource."""
    amounts: dict[str, int] = {}
    for resource in sorted(quantities):
        try:
            amounts[resource] = amount_of(resource, quantities[resource])
        except ValueError as error:
            raise ValueError(f"{resource}: {error}") from error
    return immutabledict(amounts)


def add(*parts: Mapping[str, int]) -> Amounts:
    """The sum, resource by resource."""
    total: dict[str, int] = {}
    for part in parts:
        for resource, amount in part.items():
            total[resource] = total.get(resource, 0) + amount
    return _sorted(total)


def subtract(whole: Mapping[str, int], part: Mapping[str, int]) -> Amounts:
    """`whole - part`; may go below zero, as an overcommitted node does."""
    return add(whole, {resource: -amount for resource, amount in part.items()})


def times(part: Mapping[str, int], factor: int) -> Amounts:
    """Every amount multiplied by `factor`."""
    return _sorted({resource: amount * factor for resource, amount in part.items()})


def largest(parts: Iterable[Mapping[str, int]]) -> Amounts:
    """The maximum, resource by resource."""
    result: dict[str, int] = {}
    for part in parts:
        for resource, amount in part.items():
            result[resource] = max(result.get(resource, amount), amount)
    return _sorted(result)


def _sorted(amounts: Mapping[str, int]) -> Amounts:
    return immutabledict({resource: amounts[resource] for resource in sorted(amounts)})
