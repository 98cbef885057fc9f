"""Judges room: nodes are filled one by one, and pods are packed by trying every way."""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache

from kubefleet.model.cluster import Cluster
from kubefleet.model.decision import Plan
from kubefleet.model.policy import Fit, PolicyType
from kubefleet.model.request import PodShape, Request, Workload
from kubefleet.model.snapshot import Snapshot

Free = tuple[int, int, int]
"""cpu, memory and pod slots."""
MOST_TRIED = 10_000
"""Steps of one packing."""


def nodes(cluster: Cluster, pod: PodShape) -> list[int]:
    """Which of `free_nodes` accept the pod."""
    accept, place = [], 0
    for shape in cluster.shapes:
        fits = all(shape.labels.get(key) == value for key, value in pod.node_selector.items())
        accept += [place + n for n in range(shape.count) if fits]
        place += shape.count
    return accept


def free_nodes(cluster: Cluster) -> list[Free]:
    return [
        (amounts["cpu"], amounts["memory"], amounts["pods"])
        for shape in cluster.shapes
        for amounts, count in shape.free
        for _ in range(count)
    ]


def can_hold(cluster: Cluster, demands: Iterable[tuple[PodShape, int]]) -> bool:
    """Whether some way of packing these pods on the cluster's nodes exists, by trying them all. Where they are of so
    many sizes that there are too many ways, it is believed; of one size there never are.
    """
    if not cluster.capacity_known:
        return True
    wanted: Counter[PodShape] = Counter()
    for pod, count in demands:
        wanted[pod] += max(0, count)
    # What takes most has the fewest places to go, so that what does not fit shows soon.
    pods = sorted((pod for pod in wanted if wanted[pod]), key=_needs, reverse=True)
    needs, accepting = [_needs(pod) for pod in pods], [nodes(cluster, pod) for pod in pods]
    tried = 0

    @cache
    def fits(which: int, count: int, node: int, free: tuple[Free, ...]) -> bool:
        """Place `count` more of size `which`, on its accepting nodes from number `node` on."""
        nonlocal tried
        tried += 1
        if count == 0:
            return which + 1 == len(pods) or fits(which + 1, wanted[pods[which + 1]], 0, free)
        if node == len(accepting[which]):
            return False
        place, need = accepting[which][node], needs[which]
        most = min((have // take for have, take in zip(free[place], need, strict=True) if take), default=count)
        for here in range(min(most, count), -1, -1):
            left = tuple(have - here * take for have, take in zip(free[place], need, strict=True))
            if fits(which, count - here, node + 1, (*free[:place], left, *free[place + 1 :])):  # type: ignore[arg-type]
                return True
            if tried > MOST_TRIED:
                return True
        return False

    return not pods or fits(0, wanted[pods[0]], 0, tuple(free_nodes(cluster)))


def _needs(pod: PodShape) -> Free:
    return pod.requests.get("cpu", 0), pod.requests.get("memory", 0), 1


def bound_by_room(request: Request) -> bool:
    """Whether capacity limits what a placement gets: not PickFixed, not whole copies on all clusters."""
    kind, whole = request.policy.type, not request.divides or any(not work.divisible for work in request.workloads)
    return (
        request.policy.fit is Fit.FILTER
        and kind is not PolicyType.PICK_FIXED
        and not (kind is PolicyType.PICK_ALL and whole)
    )


def demands(work: Iterable[Workload], replicas: Mapping[str, int]) -> list[tuple[PodShape, int]]:
    return [(workload.pod, replicas.get(workload.key, 0)) for workload in work]


def held_on(name: str, requests: Iterable[Request], *plans: Plan) -> list[tuple[PodShape, int]]:
    """What stands on a cluster while one plan follows another: of each workload the most that any of them has there."""
    return [
        (work.pod, max((there[work.key] for there in _there(name, request, plans)), default=0))
        for request in requests
        for work in request.workloads
    ]


def _there(name: str, request: Request, plans: Iterable[Plan]) -> list[Mapping[str, int]]:
    decisions = [decision for plan in plans if (decision := plan.decision(request.name)) is not None]
    return [binding.replicas for decision in decisions if (binding := decision.binding(name)) is not None]


def overfull(snapshot: Snapshot, requests: Iterable[Request], *plans: Plan) -> list[str]:
    """Clusters that cannot hold what they got, where room binds everybody."""
    requests = tuple(requests)
    if not all(map(bound_by_room, requests)):
        return []
    return [
        f"{cluster.name} cannot hold what it got"
        for cluster in snapshot.clusters
        if not can_hold(cluster, held_on(cluster.name, requests, *plans))
    ]
