"""What a fleet's arguments say of its clusters: rows of the SKU table, prices, and how the hub is reached."""

from collections.abc import Mapping
from typing import Any

from kubefleet.model.knowledge import Knowledge
from kubefleet.model.price import NO_PRICES
from kubefleet.spec.member import AccessSpec, access_of
from kubefleet.spec.mistakes import Mistake, Spelling
from kubefleet.spec.price_table import parse_prices
from kubefleet.spec.sku_table import parse_skus, shipped_skus
from kubefleet.spec.written import read

HUB = "fleet.hub"


def parse_knowledge(raw: Mapping[str, Any], mistakes: list[Mistake]) -> Knowledge:
    """From `skus` and `prices`, spelt as in files, and `hub`; mistakes are added by path. Rows add to those shipped."""
    skus, prices, hub = raw.get("skus"), raw.get("prices"), raw.get("hub")
    spec = read(AccessSpec, hub, HUB, Spelling.PYTHON, mistakes) if hub is not None else None
    return Knowledge(
        parse_skus(skus, "fleet.sku_file", mistakes) if skus else shipped_skus(),
        parse_prices(prices, "fleet.price_file", mistakes) if prices else NO_PRICES,
        access_of(spec, HUB, mistakes) if spec else None,
    )
