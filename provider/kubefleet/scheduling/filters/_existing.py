"""What a placement's objects need exists in the cluster, or comes with this same plan."""

import numpy as np

from kubefleet.model.reason import Code, Reason, make_reason
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.protocols import Mask, Verdict


def judge_existing(cycle: Cycle, plugin: str, code: Code, needs: frozenset[str], present: str) -> Verdict:
    """Refuse clusters that lack one of `needs`. `present` names the cluster's field: None there means all exist."""
    if not needs:
        return cycle.columns.no_refusal
    clusters = cycle.columns.clusters

    def has(i: int, need: str) -> bool:
        there: frozenset[str] | None = getattr(clusters[i], present)
        return there is None or need in there

    def base(need: str) -> Mask:
        return cycle.columns.once(
            (present, need), lambda: cycle.columns.mask([has(i, need) for i in range(len(clusters))])
        )

    given = {need: cycle.provided[need] for need in needs if need in cycle.provided}

    def reasons(i: int) -> tuple[Reason, ...]:
        absent = [need for need in sorted(needs) if not has(i, need) and not (need in given and given[need][i])]
        return tuple(make_reason(code, plugin, clusters[i].name, name=need) for need in absent)

    def make() -> Verdict:
        masks = [base(need) | given[need] if need in given else base(need) for need in sorted(needs)]
        return Verdict(np.logical_and.reduce(masks), reasons)

    return make() if given else cycle.columns.once((plugin, needs), make)
