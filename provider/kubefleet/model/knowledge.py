"""What a fleet knows of its clusters besides what they say themselves."""

from dataclasses import dataclass

from kubefleet.model.access import Access
from kubefleet.model.price import NO_PRICES, Prices
from kubefleet.model.sku import NO_SKUS, SkuTable


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The SKU table, prices, and how the hub is reached, whose ClusterProfiles describe members by name."""

    skus: SkuTable = NO_SKUS
    prices: Prices = NO_PRICES
    hub: Access | None = None
