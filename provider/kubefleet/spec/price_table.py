"""Price files: `instanceTypes` and `regions`, each with rates by property."""

from pathlib import Path

from immutabledict import immutabledict

from kubefleet.model.price import RATES, Prices, Rates
from kubefleet.model.quantity import parse_quantity
from kubefleet.spec.mistakes import Mistake, MistakesError, Spelling, did_you_mean, join
from kubefleet.spec.named_items import located
from kubefleet.spec.scalars import QuantityText, Text
from kubefleet.spec.table_file import load_table
from kubefleet.spec.written import Written, read


class PricesSpec(Written):
    """Rates by instance type and by region."""

    instance_types: dict[Text, dict[Text, QuantityText]] = {}
    regions: dict[Text, dict[Text, QuantityText]] = {}


def load_prices(path: Path) -> Prices:
    """The prices of a file. Raises MistakesError with everything that is wrong in it, by path and line."""
    mistakes: list[Mistake] = []
    raw = load_table(path, mistakes)
    prices = parse_prices(raw.value, "", mistakes) if raw else Prices()
    if mistakes:
        raise MistakesError(located(mistakes, raw) if raw else mistakes)
    return prices


def parse_prices(raw: object, path: str, mistakes: list[Mistake]) -> Prices:
    """Prices from plain data, spelt as in files; mistakes are added by path."""
    spec = read(PricesSpec, raw, path, Spelling.FILE, mistakes)
    if spec is None:
        return Prices()
    tables = {"instanceTypes": spec.instance_types, "regions": spec.regions}
    for field, table in tables.items():
        for name, rates in table.items():
            for rate in sorted(rates.keys() - RATES.keys()):
                message = f"unknown rate `{rate}` (expected one of {', '.join(RATES)}).{did_you_mean(rate, RATES)}"
                mistakes.append(Mistake(join(path, field, name, rate), message))
    return Prices(_frozen(spec.instance_types), _frozen(spec.regions))


def _frozen(table: dict[str, dict[str, str]]) -> immutabledict[str, Rates]:
    return immutabledict(
        {
            name: Rates({rate: parse_quantity(rates[rate]) for rate in sorted(rates)})
            for name, rates in sorted(table.items())
        }
    )
