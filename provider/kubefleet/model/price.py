"""What nodes cost, and how clean their electricity is: given by the user, by instance type or region."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from immutabledict import immutabledict

from kubefleet.model.accelerator import device_count
from kubefleet.model.nominal import nominal
from kubefleet.model.property import Property
from kubefleet.model.shape import NodeShape

Rates = immutabledict[str, Fraction]
"""By property: `cost/per-cpu-hour`, `cost/per-gib-hour`, `cost/per-gpu-hour`, `carbon/g-per-kwh`."""
_REGION: Final = "topology.kubernetes.io/region"
_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Prices:
    """Rates by instance type, and by region for what the type's row does not say."""

    instance_types: immutabledict[str, Rates] = field(default_factory=immutabledict)
    regions: immutabledict[str, Rates] = field(default_factory=immutabledict)

    def __bool__(self) -> bool:
        return bool(self.instance_types or self.regions)


NO_PRICES: Final = Prices()


def _cpus(shape: NodeShape) -> Fraction:
    return Fraction(nominal(shape, "cpu") or 0, 1000)


def _gib(shape: NodeShape) -> Fraction:
    return Fraction(nominal(shape, "memory") or 0, 2**30)


def _gpus(shape: NodeShape) -> Fraction:
    return Fraction(device_count(shape))


RATES: Final[Mapping[str, Callable[[NodeShape], Fraction]]] = {
    "carbon/g-per-kwh": _cpus,
    "cost/per-cpu-hour": _cpus,
    "cost/per-gib-hour": _gib,
    "cost/per-gpu-hour": _gpus,
}
"""Every rate with what it is weighted by where the nodes of a cluster differ."""


def price_properties(shapes: Iterable[NodeShape], region: str, prices: Prices) -> dict[str, Property]:
    """The rates of a cluster: the mean over its nodes, weighted by what each has of what is paid for.

    Nodes of which neither instance type nor region has a rate do not count; `region` is that of nodes without a label.
    A cluster of which nothing else is known has the rates of its region.
    """
    if not prices:
        return {}
    shapes = tuple(shapes)
    found = {}
    for name, weight in RATES.items():
        total, sum_of_weights = Fraction(0), Fraction(0)
        for shape in shapes:
            rate = _rate(shape, region, prices, name)
            if rate is not None:
                total += rate * weight(shape) * shape.count
                sum_of_weights += weight(shape) * shape.count
        value = total / sum_of_weights if sum_of_weights else None
        if not shapes:
            value = prices.regions.get(region, Rates()).get(name)
        if value is not None:
            found[name] = Property(value, _text(value), "prices")
    return found


def _rate(shape: NodeShape, region: str, prices: Prices, name: str) -> Fraction | None:
    own = prices.instance_types.get(shape.instance_type, Rates()).get(name)
    if own is not None:
        return own
    return prices.regions.get(shape.labels.get(_REGION, region), Rates()).get(name)


def _text(value: Fraction) -> str:
    """At most six digits after the point."""
    scaled = round(value * 10**_DIGITS)
    whole, part = divmod(scaled, 10**_DIGITS)
    return f"{whole}.{part:0{_DIGITS}}".rstrip("0").rstrip(".")
