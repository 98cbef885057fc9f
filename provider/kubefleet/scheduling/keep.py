"""Keep: which bindings of the previous plan stay, and which leave for a declared reason.

A NoSchedule taint, a changed label or property, lack of capacity, cordon, a missing API or a better score elsewhere
move nothing; neither does a cluster that gives no answer.
"""

from dataclasses import dataclass, field

from kubefleet.model.cluster import ClusterState
from kubefleet.model.decision import Binding, MoveReason, Previous
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.funnel import Funnel


@dataclass(frozen=True, slots=True)
class Leaving:
    """Why a binding leaves: the declared reason, and the figures (a taint, an expression)."""

    reason: MoveReason
    why: str = ""


@dataclass(slots=True)
class Kept:
    """Clusters by number: `stays`; `leaves`, where the binding goes once there is room elsewhere; `released`, which
    a rebalance puts up for choice again. `gone` are clusters that the snapshot does not have any more, by name.
    """

    before: dict[int, Binding] = field(default_factory=dict)
    stays: list[int] = field(default_factory=list)
    leaves: dict[int, Leaving] = field(default_factory=dict)
    released: list[int] = field(default_factory=list)
    gone: dict[str, Binding] = field(default_factory=dict)


def keep(cycle: Cycle, request: Request, previous: Previous, funnel: Funnel) -> Kept:
    """Sort the previous bindings of one placement."""
    kept = Kept()
    for binding in sorted(previous.bindings, key=lambda binding: binding.cluster):
        i = cycle.columns.index.get(binding.cluster)
        if i is None:
            kept.gone[binding.cluster] = binding
            continue
        kept.before[i] = binding
        leaving = _leaving(cycle, previous, funnel, i)
        if leaving is not None:
            kept.leaves[i] = leaving
        elif request.rebalance and cycle.columns.clusters[i].state is not ClusterState.UNREACHABLE:
            kept.released.append(i)
        else:
            kept.stays.append(i)
    return kept


def _leaving(cycle: Cycle, previous: Previous, funnel: Funnel, i: int) -> Leaving | None:
    cluster = cycle.columns.clusters[i]
    if cluster.state is ClusterState.LEAVING:
        return Leaving(MoveReason.LEAVING, cluster.why)
    if cluster.state is ClusterState.DRAINED:
        return Leaving(MoveReason.DRAINED, cluster.why)
    taints = funnel.refusal(i, "taints-no-execute")
    if taints:
        told = (f"{taint.detail['key']}={taint.detail['value']}".rstrip("=") for taint in taints)
        return Leaving(MoveReason.TAINT_NO_EXECUTE, ", ".join(told))
    if not previous.edited:
        return None
    if not funnel.is_named(i):
        return Leaving(MoveReason.POLICY_EDITED, "not named any more")
    unmet = funnel.refusal(i, "required")
    return Leaving(MoveReason.POLICY_EDITED, ", ".join(str(r.detail["wanted"]) for r in unmet)) if unmet else None
