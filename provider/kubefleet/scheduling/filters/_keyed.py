"""The cluster has every key by which the placement is spread or grouped."""

from collections.abc import Callable

import numpy as np

from kubefleet.model.cluster import Cluster
from kubefleet.model.reason import Code, Reason, make_reason
from kubefleet.scheduling.columns import Columns
from kubefleet.scheduling.protocols import Mask, Numbers, Verdict


def judge_keys(
    columns: Columns,
    plugin: str,
    code: Code,
    keys: tuple[str, ...],
    has: Callable[[Cluster, str], bool],
    numbers: Callable[[str], Numbers],
) -> Verdict:
    """Refuse clusters that lack a key: those of which `has` says so, and whose number of a domain is below 0. Made once
    per distinct list of keys.
    """

    def reasons(i: int) -> tuple[Reason, ...]:
        cluster = columns.clusters[i]
        return tuple(make_reason(code, plugin, cluster.name, key=key) for key in keys if not has(cluster, key))

    def make() -> Verdict:
        if not keys:
            return Verdict(columns.everywhere(), reasons)
        passed: Mask = np.logical_and.reduce([numbers(key) >= 0 for key in keys])
        return Verdict(passed, reasons)

    return columns.once((plugin, keys), make)
