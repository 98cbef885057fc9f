"""What a placement needs that is not there yet: nodes that growing pools have to add."""

from kubefleet.model.reason import Code, Reason, make_reason
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.filters.capacity import NAME as CAPACITY
from kubefleet.scheduling.new_nodes import UNKNOWN


def needed_nodes(cycle: Cycle) -> dict[int, tuple[Reason, ...]]:
    """By cluster, what was booked on new nodes since the last call. Empty where no cluster grows."""
    if not len(cycle.ledger.growing):
        return {}
    found: dict[int, tuple[Reason, ...]] = {}
    for i, pools in cycle.ledger.needs().items():
        cluster = cycle.columns.clusters[i]
        reasons = [
            make_reason(Code.NEEDS_NODES, CAPACITY, cluster.name, pool=pool, nodes=pools[pool])
            for pool in sorted(pools)
            if pool != UNKNOWN
        ]
        if pods := pools[UNKNOWN]:
            why = cluster.growth.unlimited
            reasons.append(make_reason(Code.GROWTH_UNKNOWN, CAPACITY, cluster.name, pods=pods, why=why))
        found[i] = tuple(reasons)
    return found
