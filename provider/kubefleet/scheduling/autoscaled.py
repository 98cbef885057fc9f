"""The bounds of an autoscaler, divided over clusters as replicas are."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from immutabledict import immutabledict

from kubefleet.model.autoscaled import Bounds
from kubefleet.model.decision import Decision
from kubefleet.model.policy import DivideBy, Divided
from kubefleet.model.request import Request, Workload
from kubefleet.scheduling.seats import add_seats


def with_a_seat_each(work: Workload, divided: Divided, clusters: Iterable[str]) -> tuple[Workload, Divided]:
    """An autoscaled workload as it is divided over these clusters, which are sorted: each gets one replica at least,
    up to as many as the autoscaler may choose; in sum its minimum, or that many.

    An autoscaler can only act where its workload is. `aggregated` asks for few clusters, so there nothing is raised.
    """
    if work.autoscaled is None or divided.by is DivideBy.AGGREGATED:
        return work, divided
    by_weight = divided.by is DivideBy.WEIGHT
    open_to = [
        name
        for name in clusters
        if divided.max.get(name) != 0 and (divided.min.get(name) or not by_weight or divided.weights.get(name) != 0)
    ]
    least = {name: divided.min.get(name) or 1 for name in open_to[: work.autoscaled.most]}
    total = max(work.replicas, min(work.autoscaled.most, sum(least.values())))
    return replace(work, replicas=total), replace(divided, min=immutabledict({**divided.min, **least}))


def bounds_by_cluster(whole: Bounds, seats: Mapping[str, int]) -> dict[str, Bounds]:
    """Each cluster's part of the bounds, by the replicas that it got; none where it got none.

    The minimums are those replicas (0 where the whole may go to nothing), the maximums are divided in proportion to
    them, by Webster's method; so the parts sum up to the whole, unless one replica on each is more than its minimum.
    """
    names = [name for name in sorted(seats) if seats[name] > 0]
    least = [seats[name] for name in names]
    most = add_seats(least, least, [whole.most] * len(names), max(0, whole.most - sum(least)))
    return {name: Bounds(low if whole.least else 0, high) for name, low, high in zip(names, least, most, strict=True)}


def autoscaled_parts(request: Request, decision: Decision) -> dict[str, dict[str, Bounds]]:
    """Workload -> cluster -> the bounds of the autoscaler there: a part of the whole, or the whole for whole copies."""
    found = {}
    for work in request.workloads:
        if work.autoscaled is not None:
            seats = {binding.cluster: binding.replicas.get(work.key, 0) for binding in decision.bindings}
            divided = decision.divided and work.divisible
            found[work.key] = (
                bounds_by_cluster(work.autoscaled, seats) if divided else dict.fromkeys(sorted(seats), work.autoscaled)
            )
    return found
