"""Amounts under the names that quotas have for them."""

from collections.abc import Mapping

from immutabledict import immutabledict

from kubefleet.model.amounts import Amounts
from kubefleet.model.quantity import amount_of

_PREFIXES = ("requests.", "limits.")


def plain_name(name: str) -> str:
    """The resource of which a quota's name speaks: `cpu` of `requests.cpu` and `limits.cpu`."""
    return next((name.removeprefix(prefix) for prefix in _PREFIXES if name.startswith(prefix)), name)


def quota_amounts(quantities: Mapping[str, str | int | float]) -> Amounts:
    """In whole units, as `parse_amounts`: millicores for every name of cpu. Raises ValueError naming the resource."""
    amounts = {}
    for name in sorted(quantities):
        try:
            amounts[name] = amount_of(plain_name(name), quantities[name])
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
    return immutabledict(amounts)
