"""Random small fleets of which about as much is asked as they hold: what is placed where decides how much is placed.

The ranges are not chosen by what the scheduler does well in; every draw is independent of those before it:

- Asked for are 40 to 130 % of the cpu that is free: from what should all fit to what cannot.
- 3 to 6 clusters, each of 1 or 2 shapes of 1 to 3 nodes with 8 to 64 cores, 2, 4 or 8 GiB a core and 30 to 110 pods,
  some with GPUs, none to 60 % of each in use: as small as an exact optimum needs, as uneven as nodes are.
- Pods of 0.1 to 4 cores and 0.5 to 4 GiB, one in eight with GPUs: cpu, memory, GPUs and pod slots all bind somewhere.
- Three placements in five are divided, the others whole copies, a fifth of these of two workloads.
- Required labels, taints of clusters, node selectors, a hard spread over regions, minimums and maximums: each on some.
- 2 or 3 priorities, because the order is lexicographic.
- A sixth of the placements stand in part already, wherever they may be today or not: what stands is kept.

Left out is PickAll with whole copies, where capacity is only a warning: nothing is exchanged for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random

from immutabledict import immutabledict

from kubefleet.model.booking import Booking
from kubefleet.model.cluster import Cluster
from kubefleet.model.decision import Binding, Previous
from kubefleet.model.policy import DivideBy, Divided, Policy, PolicyType, Term, TopologySpread
from kubefleet.model.request import PodShape, Request, Workload
from kubefleet.model.selector import Expr, Operator
from kubefleet.model.shape import NodeShape
from kubefleet.model.snapshot import Snapshot
from kubefleet.model.taint import Effect, Taint, Toleration

GPU = "nvidia.com/gpu"
GIB = 2**30
ML = Taint("dedicated", "ml", Effect.NO_SCHEDULE)
_MOST_PLACEMENTS = 24


@dataclass(frozen=True)
class Crowded:
    """One fleet, what is asked of it, and what stands there already."""

    snapshot: Snapshot
    requests: tuple[Request, ...]
    previous: Mapping[str, Previous]


def crowded_fleet(seed: int) -> Crowded:
    """The fleet of one seed."""
    random = Random(seed)
    clusters = [_cluster(number, random) for number in range(random.randint(3, 6))]
    requests = _requests(clusters, random)
    previous: dict[str, Previous] = {}
    for request in requests:
        if random.random() < 1 / 6 and (request.divided is None or not request.divided.min):
            clusters, previous[request.name] = _standing(request, clusters, random)
    return Crowded(Snapshot(datetime(2026, 1, 1, tzinfo=UTC), tuple(clusters)), tuple(requests), previous)


def _cluster(number: int, random: Random) -> Cluster:
    labels = {"region": random.choice(("eu", "us", "asia")), "tier": random.choice(("prod", "prod", "test"))}
    if random.random() < 0.05:
        del labels["region"]
    return Cluster(
        f"c{number}",
        labels=immutabledict(labels),
        taints=(ML,) if random.random() < 0.2 else (),
        shapes=tuple(_shape(random) for _ in range(random.randint(1, 2))),
    )


def _shape(random: Random) -> NodeShape:
    cores, nodes = random.choice((8, 16, 32, 64)), random.randint(1, 3)
    whole = {
        "cpu": cores * 1000,
        "memory": cores * random.choice((2, 4, 8)) * GIB,
        "pods": random.choice((30, 60, 110)),
    }
    if random.random() < 0.3:
        whole[GPU] = random.choice((4, 8))
    allocatable = immutabledict(whole)
    free = []
    for _ in range(nodes):
        used = random.choice((0, 0, 10, 30, 60))
        free.append(allocatable | {name: whole[name] * (100 - used) // 100 for name in ("cpu", "memory")})
    labels = {"disk": random.choice(("ssd", "hdd"))}
    return _with_free(NodeShape(nodes, allocatable, allocatable, (), labels=immutabledict(labels)), free)


def _with_free(shape: NodeShape, free: Sequence[immutabledict[str, int]]) -> NodeShape:
    counts = {amounts: free.count(amounts) for amounts in free}
    return replace(shape, free=tuple(sorted(counts.items(), key=lambda row: sorted(row[0].items()))))


def _requests(clusters: Sequence[Cluster], random: Random) -> list[Request]:
    there = sum(amounts["cpu"] * count for c in clusters for shape in c.shapes for amounts, count in shape.free)
    left, levels = there * random.randint(40, 130) // 100, random.randint(2, 3)
    asked: list[Request] = []
    while left > 0 and len(asked) < _MOST_PLACEMENTS:
        asked.append(_request(f"p{len(asked):02}", clusters, levels, random))
        number = 1 if asked[-1].divided is not None else asked[-1].policy.number
        left -= number * sum(work.replicas * work.pod.requests["cpu"] for work in asked[-1].workloads)
    return asked


def _request(name: str, clusters: Sequence[Cluster], levels: int, random: Random) -> Request:
    divides = random.random() < 0.6
    pick = not divides or random.random() < 0.7
    policy = Policy(
        PolicyType.PICK_N if pick else PolicyType.PICK_ALL,
        number=random.randint(1, len(clusters)) if pick else 0,
        required=_required(random),
        tolerations=(Toleration("dedicated", "Exists"),) if random.random() < 0.4 else (),
        topology_spread=_spread(random, divides=divides) if random.random() < 0.2 else (),
    )
    works = tuple(
        _workload(f"w{number}", random, divides=divides)
        for number in range(2 if not divides and random.random() < 0.2 else 1)
    )
    return Request(
        name,
        uid=f"uid-{name}",
        policy=policy,
        workloads=works,
        divided=_divided(clusters, works[0].replicas, random) if divides else None,
        priority=random.randrange(levels),
    )


def _required(random: Random) -> tuple[Term, ...]:
    drawn = random.random()
    if drawn < 0.25:
        return (Term(labels=(Expr("tier", Operator.IN, ("prod",)),)),)
    if drawn < 0.4:
        return (Term(labels=(Expr("region", Operator.IN, tuple(random.sample(("eu", "us", "asia"), 2))),)),)
    return ()


def _spread(random: Random, *, divides: bool) -> tuple[TopologySpread, ...]:
    skew = random.choice((1, 2, 5, 20)) if divides else random.choice((1, 1, 2))
    return (TopologySpread("region", skew, min_domains=random.choice((None, None, 2, 3))),)


def _workload(key: str, random: Random, *, divides: bool) -> Workload:
    amounts = {
        "cpu": random.choice((100, 250, 500, 500, 1000, 1000, 2000, 4000)),
        "memory": random.choice((1, 1, 2, 4, 8)) * GIB // 2,
    }
    if gpus := random.random() < 1 / 8:
        amounts[GPU] = random.choice((1, 1, 2, 4))
    disk = random.random()
    selector = {"disk": "ssd"} if disk < 0.1 else {"disk": "hdd"} if disk < 0.15 else {}
    replicas = random.randint(2, 12) if gpus or not divides else random.randint(10, 120)
    return Workload(key, "default", replicas, PodShape(immutabledict(amounts), immutabledict(selector)))


def _divided(clusters: Sequence[Cluster], replicas: int, random: Random) -> Divided:
    names = [cluster.name for cluster in clusters]
    some = random.sample(names, random.randint(0, len(names)))
    weights = {name: random.randint(0, 4) for name in some}
    high = {
        name: random.randint(replicas // 8 + 1, replicas) for name in random.sample(names, random.choice((0, 0, 1, 2)))
    }
    low = {
        name: min(high.get(name, replicas), random.randint(1, max(1, replicas // 3)))
        for name in random.sample(names, random.choice((0, 0, 0, 1)))
    }
    by = random.choice(list(DivideBy))
    return Divided(by, immutabledict(weights), immutabledict(low), immutabledict(high))


def _standing(request: Request, clusters: list[Cluster], random: Random) -> tuple[list[Cluster], Previous]:
    """Part of a placement on one or two clusters that have the room: its pods run, and are booked."""
    after, bindings = list(clusters), []
    number = request.policy.number if request.policy.type is PolicyType.PICK_N else 2
    left = request.workloads[0].replicas // 2
    for i in sorted(random.sample(range(len(clusters)), min(number, random.randint(1, 2)))):
        wanted = {work.key: work.replicas for work in request.workloads}
        if request.divided is not None:
            wanted = {key: random.randint(1, max(1, left)) for key in wanted if left}
            wanted = {key: min(n, request.divided.max.get(clusters[i].name, n)) for key, n in wanted.items()}
        run = _run(clusters[i], request, wanted, random) if wanted else None
        if run is not None:
            after[i] = run
            left -= next(iter(wanted.values()))
            bindings.append(Binding(clusters[i].name, immutabledict(wanted)))
    return after, Previous(tuple(bindings))


def _run(cluster: Cluster, request: Request, wanted: Mapping[str, int], random: Random) -> Cluster | None:
    """The cluster with pods of a placement on random nodes; None where one finds none."""
    nodes = [[amounts for amounts, count in shape.free for _ in range(count)] for shape in cluster.shapes]
    for work in request.workloads:
        takes = {**work.pod.requests, "pods": 1}
        for _ in range(wanted[work.key]):
            rooms = [
                (s, n)
                for s, shape in enumerate(cluster.shapes)
                for n, free in enumerate(nodes[s])
                if work.pod.node_selector.items() <= shape.labels.items()
                and all(free.get(resource, 0) >= need for resource, need in takes.items())
            ]
            if not rooms:
                return None
            s, n = random.choice(rooms)
            nodes[s][n] = nodes[s][n] | {resource: nodes[s][n][resource] - need for resource, need in takes.items()}
    booked = tuple(
        Booking(
            request.uid, request.name, work.key, wanted[work.key], requests=work.pod.requests, live=wanted[work.key]
        )
        for work in request.workloads
    )
    shapes = tuple(_with_free(shape, free) for shape, free in zip(cluster.shapes, nodes, strict=True))
    return replace(cluster, shapes=shapes, bookings=(*cluster.bookings, *booked))
