"""Keep: which bindings of the previous plan stay, and which leave for a declared reason.

A NoSchedule taint, a changed label or property, lack of capacity, cordon, a missing API or a better score elsewhere
move nothing; neither does a cluster that gives no answer.
"""

from dataclasses import dataclass, field
from operator import itemgetter

from kubefleet.model.cluster import Cluster, ClusterState
from kubefleet.model.decision import Binding, MoveReason, Previous
from kubefleet.model.reason import Code, Reason
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.filters.affinity import AFFINITY, ANTI_AFFINITY
from kubefleet.scheduling.filters.groups import NAME as GROUPS
from kubefleet.scheduling.filters.nodes import NAME as NODES
from kubefleet.scheduling.filters.required import NAME as REQUIRED
from kubefleet.scheduling.filters.required import failing
from kubefleet.scheduling.filters.spread import NAME as SPREAD
from kubefleet.scheduling.filters.taints import NO_EXECUTE
from kubefleet.scheduling.functions import NAME as FUNCTION
from kubefleet.scheduling.funnel import Funnel
from kubefleet.scheduling.neighbours import Leaving


@dataclass(slots=True)
class Kept:
    """Clusters by number: `stays`; `leaves`, where the binding goes once there is room elsewhere; `released`, which
    a rebalance puts up for choice again. With `edited` what stays has to keep the `DoNotSchedule` rules of the policy.
    `pinned` are those that stay only because of their data, and why they would leave.
    """

    before: dict[int, Binding] = field(default_factory=dict)
    stays: list[int] = field(default_factory=list)
    leaves: dict[int, Leaving] = field(default_factory=dict)
    released: list[int] = field(default_factory=list)
    edited: bool = False
    pinned: dict[int, Leaving] = field(default_factory=dict)


def keep(cycle: Cycle, request: Request, previous: Previous, funnel: Funnel) -> Kept:
    """Sort the previous bindings of one placement. Those on clusters that the snapshot does not have are no more."""
    # Data stays, however the policy was edited.
    edited = previous.edited and not request.pinned
    if not previous.bindings:
        return Kept(edited=edited)
    index = cycle.columns.index
    bindings = [(index[binding.cluster], binding) for binding in previous.bindings if binding.cluster in index]
    bindings.sort(key=itemgetter(0))
    kept = Kept(dict(bindings), edited=edited)
    places = list(kept.before)
    firm = not (request.policy.affinity and funnel.any_refused(places, AFFINITY))
    if firm and not (previous.edited or request.may_rebalance or funnel.leaves[places].any()):
        kept.stays = places
        return kept
    for i in places:
        leaving = _leaving(cycle, request, previous, funnel, i)
        if leaving is not None and request.pinned:
            kept.pinned[i] = leaving
            kept.stays.append(i)
        elif leaving is not None:
            kept.leaves[i] = leaving
        elif request.may_rebalance and cycle.columns.clusters[i].state is not ClusterState.UNREACHABLE:
            kept.released.append(i)
        else:
            kept.stays.append(i)
    return kept


def _leaving(cycle: Cycle, request: Request, previous: Previous, funnel: Funnel, i: int) -> Leaving | None:
    cluster = cycle.columns.clusters[i]
    if cluster.state is ClusterState.LEAVING:
        return Leaving(MoveReason.LEAVING, cluster.why)
    if cluster.state is ClusterState.DRAINED:
        return Leaving(MoveReason.DRAINED, cluster.why)
    taints = funnel.refusal(i, NO_EXECUTE)
    if taints:
        told = (f"{taint.detail['key']}={taint.detail['value']}".rstrip("=") for taint in taints)
        return Leaving(MoveReason.TAINT_NO_EXECUTE, ", ".join(told))
    if not funnel.is_named(i):
        # Only an edit takes a name away; what could not leave at once leaves later.
        return Leaving(MoveReason.POLICY_EDITED, "not named any more")
    if follows := _follows(cycle, request, funnel, i):
        return follows
    if not previous.edited:
        return None
    keys = (*funnel.refusal(i, SPREAD), *funnel.refusal(i, GROUPS))
    unmet = (*_unmet(cluster, request, funnel, i), *keys, *_unwelcome(cluster, funnel, i), *_refused(funnel, i))
    return Leaving(MoveReason.POLICY_EDITED, ", ".join(map(_wanted, unmet))) if unmet else None


def _unmet(cluster: Cluster, request: Request, funnel: Funnel, i: int) -> tuple[Reason, ...]:
    """Why no required term holds. A property that an unreachable cluster does not have is not known: it may hold. So
    may what is required of its nodes; and what is required to be free on them, the binding itself may have taken.
    """
    unmet = funnel.refusal(i, REQUIRED)
    if cluster.state is not ClusterState.UNREACHABLE:
        return (*unmet, *(reason for reason in funnel.refusal(i, NODES) if not reason.detail["free"]))
    if not unmet:
        return unmet
    known = [
        [reason for reason in failing(cluster, term) if reason.code is not Code.PROPERTY_MISSING]
        for term in request.policy.required
    ]
    nearest = min(known, key=len)
    return tuple(nearest)


def _refused(funnel: Funnel, i: int) -> tuple[Reason, ...]:
    """What the user's own filters have against a cluster. One that fails moves nothing."""
    return tuple(reason for reason in funnel.refusal(i, FUNCTION) if reason.code is Code.PLUGIN_REFUSED)


def _follows(cycle: Cycle, request: Request, funnel: Funnel, i: int) -> Leaving | None:
    """What has to be beside another that moves away in this plan goes with it, for the same reason."""
    if cycle.neighbours is None or not funnel.refusal(i, AFFINITY):
        return None
    for rule, met in cycle.neighbours.view(request).beside:
        found = None if met[i] else cycle.neighbours.followed(rule, i)
        if found is not None:
            name, leaving = found
            return Leaving(leaving.reason, f"{leaving.why}, which moves {name}".removeprefix(", "))
    return None


def _unwelcome(cluster: Cluster, funnel: Funnel, i: int) -> tuple[Reason, ...]:
    """Which of the policy's own affinities and anti-affinities does not hold. What other stacks have on an unreachable
    cluster is not known.
    """
    beside = () if cluster.state is ClusterState.UNREACHABLE else funnel.refusal(i, AFFINITY)
    return (*beside, *(reason for reason in funnel.refusal(i, ANTI_AFFINITY) if "by" not in reason.detail))


def _wanted(reason: Reason) -> str:
    if reason.plugin == FUNCTION:
        return str(reason.detail["function"])
    return str(reason.detail.get("wanted") or f"{reason.detail['key']} Exists")
