"""Why a cluster has nothing of a placement, and what speaks against one that has."""

from dataclasses import dataclass

from kubefleet.model.policy import PolicyType
from kubefleet.model.reason import Code, Reason, make_reason
from kubefleet.model.request import Request
from kubefleet.scheduling.columns import Columns
from kubefleet.scheduling.filters.groups import NAME as GROUPS
from kubefleet.scheduling.filters.spread import skew_reasons
from kubefleet.scheduling.funnel import Funnel
from kubefleet.scheduling.groups import Groups, rules_of
from kubefleet.scheduling.keep import Kept
from kubefleet.scheduling.pick import Picked
from kubefleet.scheduling.shared import Shared

POLICY = "policy"
DEFERRED = "deferred"
DATA = "data"
"""Not filters, but they have their say in reasons."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything that came out for one placement, for those who explain it."""

    columns: Columns
    request: Request
    funnel: Funnel
    kept: Kept
    picked: Picked
    shared: Shared

    @property
    def names(self) -> tuple[str, ...]:
        """Of all clusters."""
        return self.columns.names


def why_not(outcome: Outcome, i: int) -> tuple[Reason, ...]:
    """Why a cluster has nothing: what the filters say; else the spread, the scores, or that no seat was left."""
    request, picked, name = outcome.request, outcome.picked, outcome.names[i]
    if reasons := outcome.funnel.reasons(i):
        return reasons
    if picked.lacks:
        return lack_reasons(picked, name)
    if i in picked.chosen:
        skewed = skew_reasons(outcome.shared.spread, i, name) if outcome.shared.spread and outcome.shared.short else ()
        return outcome.funnel.shortage(i) or skewed or (limit_reached(name),)
    if i in picked.passed_over:
        pods = sum(work.replicas for work in request.workloads if work.divisible)
        return (make_reason(Code.INSUFFICIENT_CAPACITY, POLICY, name, pods=pods, room=picked.passed_over[i]),)
    if not request.divides and request.policy.type is not PolicyType.PICK_FIXED:
        skewed = skew_reasons(picked.domains, i, name)
        if skewed and (len(picked.chosen) < request.policy.number or request.policy.type is PolicyType.PICK_ALL):
            return skewed
    if too_many := _too_many_groups(outcome, i):
        return too_many
    if request.policy.number == 0 or i in picked.seatless:
        return (limit_reached(name),)
    figures = {"score": picked.total(i)}
    if picked.added:
        figures["chosen"] = min(picked.total(j) for j in picked.added)
    return (make_reason(Code.OUTSCORED, POLICY, name, **figures),)


def lack_reasons(picked: Picked, name: str, **detail: int | str) -> tuple[Reason, ...]:
    """Why nothing new is placed: the minimums that no choice of clusters reaches."""
    return tuple(
        make_reason(Code.NOT_ENOUGH_GROUPS, GROUPS, name, key=lack.key, least=lack.least, found=lack.found, **detail)
        for lack in picked.lacks
    )


def _too_many_groups(outcome: Outcome, i: int) -> tuple[Reason, ...]:
    """The maximums that stand in the way of a cluster, by the clusters that are chosen."""
    rules = rules_of(outcome.columns, outcome.request.policy)
    if rules is None:
        return ()
    groups = Groups(outcome.columns, rules, outcome.picked.chosen)
    return tuple(
        make_reason(Code.LIMIT_REACHED, GROUPS, outcome.names[i], key=rule.key, most=rule.max_groups or 0)
        for which, rule in enumerate(groups.rules)
        if not groups.fills(which, i)
    )


def limit_reached(name: str) -> Reason:
    """No seat was left for a cluster."""
    return make_reason(Code.LIMIT_REACHED, POLICY, name)


def kept_reasons(outcome: Outcome) -> dict[str, tuple[Reason, ...]]:
    """By cluster, what speaks against what stays there; sorted."""
    found: dict[str, tuple[Reason, ...]] = {}
    pinned = outcome.kept.pinned
    if not (outcome.shared.deferred or pinned or _spoken_against(outcome)):
        return found
    standing = set(outcome.kept.stays)
    for i in sorted(outcome.shared.seats):
        name = outcome.names[i]
        reasons: tuple[Reason, ...] = ()
        if i in pinned:
            cause = {"reason": str(pinned[i].reason), "why": pinned[i].why}
            reasons = (make_reason(Code.HAS_DATA, DATA, name, object=outcome.request.pinned, **cause),)
        elif i in outcome.shared.deferred:
            amount = outcome.shared.deferred[i]
            waits = make_reason(Code.INSUFFICIENT_CAPACITY, DEFERRED, name, pods=amount)
            reasons = (*outcome.funnel.reasons(i), waits)
        elif i in standing and not outcome.funnel.grows[i]:
            reasons = outcome.funnel.standing(i)
        elif i in standing and not outcome.request.divides and not outcome.funnel.passed[i]:
            # A copy that was to become larger than there is room for.
            reasons = outcome.funnel.reasons(i)
        if reasons:
            found[name] = reasons
    return found


def _spoken_against(outcome: Outcome) -> bool:
    return not outcome.funnel.passed[outcome.kept.stays].all()
