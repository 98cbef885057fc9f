"""What is known of an instance type: figures that its vendor publishes, and a node does not always show."""

from collections.abc import Mapping
from dataclasses import dataclass

from immutabledict import immutabledict


@dataclass(frozen=True, slots=True)
class Sku:
    """One instance type. What is empty or None is not known.

    `cpu` in millicores, `memory` in bytes, as of `Amounts`; `gpu` is a normalised model (`A100-80GB`), of which a node
    has `gpu_count`; `fabric` are networks between nodes (`infiniband`, `roce`, `efa`, `ethernet`), sorted, the fastest
    of which gives a node `bandwidth_gbps`.
    """

    provider: str = ""
    gpu: str = ""
    gpu_count: int = 0
    cpu: int | None = None
    memory: int | None = None
    fabric: tuple[str, ...] = ()
    bandwidth_gbps: int | None = None


SkuTable = Mapping[str, Sku]
"""By instance type, as `node.kubernetes.io/instance-type` spells it."""
NO_SKUS: SkuTable = immutabledict()
