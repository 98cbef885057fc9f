"""What found no place, and the nearest reason for each."""

from kubefleet.model.policy import PolicyType
from kubefleet.model.reason import Code, Reason, make_reason
from kubefleet.model.request import Request
from kubefleet.scheduling.filters.spread import NAME as SPREAD
from kubefleet.scheduling.pick import Picked
from kubefleet.scheduling.refused import POLICY, Outcome, lack_reasons, why_not
from kubefleet.scheduling.shared import Shared


def unplaced(request: Request, picked: Picked, shared: Shared) -> int:
    """Replicas if divided, else copies. PickAll asks for none in particular, but for as many as its rules about all
    clusters together need.
    """
    if request.divides:
        return sum(shared.short.values())
    if picked.lacks and request.policy.type is PolicyType.PICK_ALL:
        return max(1, *(max(lack.least - lack.found, lack.least - len(shared.seats)) for lack in picked.lacks))
    return max(0, _copies(request) - len(shared.seats))


def missing_reasons(outcome: Outcome) -> tuple[Reason, ...]:
    """One per workload whose replicas did not all find a place, or per copy that did not.

    For a copy it is the first reason of a cluster that is refused for the fewest, so the nearest to being chosen; each
    cluster stands for one copy. Where there is no such cluster left, the fleet has too few.
    """
    if outcome.request.divides:
        return tuple(_of_workload(outcome, key, count) for key, count in sorted(outcome.shared.short.items()))
    count = unplaced(outcome.request, outcome.picked, outcome.shared)
    if not count:
        return ()
    if outcome.picked.lacks:
        return lack_reasons(outcome.picked, "")[:1] * count
    refusals = (why_not(outcome, i) for i in range(len(outcome.names)) if i not in outcome.shared.seats)
    nearest = sorted(refusals, key=lambda reasons: (len(reasons), reasons[0].cluster))[:count]
    few = make_reason(Code.LIMIT_REACHED, POLICY, "", asked=_copies(outcome.request), clusters=len(outcome.names))
    return (*(reasons[0] for reasons in nearest), *[few] * (count - len(nearest)))


def _of_workload(outcome: Outcome, key: str, count: int) -> Reason:
    """Replicas are held back by the topology spread, by the clusters' maximums, or by room."""
    detail: dict[str, int | str] = {"workload": key, "pods": count}
    if outcome.picked.lacks:
        return lack_reasons(outcome.picked, "", **detail)[0]
    spread, request = outcome.shared.spread, outcome.request
    if spread is not None and any(not spread.allows(i) for i in outcome.picked.chosen):
        return make_reason(Code.TOPOLOGY_SPREAD, SPREAD, "", **detail)
    divided = request.divided
    seats = {outcome.names[i]: seats.get(key, 0) for i, seats in outcome.shared.seats.items()}
    if divided is not None and seats and all(divided.max.get(name, -1) == count for name, count in seats.items()):
        return make_reason(Code.LIMIT_REACHED, POLICY, "", **detail)
    return make_reason(Code.INSUFFICIENT_CAPACITY, POLICY, "", **detail)


def _copies(request: Request) -> int:
    if request.policy.type is PolicyType.PICK_N:
        return request.policy.number
    return len(set(request.policy.names)) if request.policy.type is PolicyType.PICK_FIXED else 0
