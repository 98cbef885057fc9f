"""Random small fleets of which so much is asked that what is placed where decides how much is placed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from immutabledict import immutabledict

from kubefleet.model.cluster import Cluster
from kubefleet.model.policy import DivideBy, Divided, Policy, PolicyType, Term
from kubefleet.model.request import PodShape, Request, Workload
from kubefleet.model.selector import Expr, Operator
from kubefleet.model.shape import NodeShape
from kubefleet.model.snapshot import Snapshot
from kubefleet.model.taint import Effect, Taint, Toleration

GPU = "nvidia.com/gpu"
GIB = 2**30
ML = Taint("dedicated", "ml", Effect.NO_SCHEDULE)


@dataclass(frozen=True)
class Crowded:
    """One fleet and what is asked of it."""

    snapshot: Snapshot
    requests: tuple[Request, ...]


def crowded_fleet(seed: int) -> Crowded:
    """3 to 6 clusters; placements of one to three priorities that ask for 35 to 70 % of the cpu that there is."""
    random = Random(seed)
    clusters = tuple(_cluster(number, random) for number in range(random.randint(3, 6)))
    return Crowded(Snapshot(datetime(2026, 1, 1, tzinfo=UTC), clusters), tuple(_requests(clusters, random)))


def _cluster(number: int, random: Random) -> Cluster:
    return Cluster(
        f"c{number}",
        labels=immutabledict({"region": random.choice(("eu", "us")), "tier": random.choice(("prod", "prod", "test"))}),
        taints=(ML,) if random.random() < 0.2 else (),
        shapes=tuple(_shape(random) for _ in range(random.randint(1, 2))),
    )


def _shape(random: Random) -> NodeShape:
    cores, nodes = random.choice((16, 32, 48)), random.randint(1, 3)
    whole = {
        "cpu": cores * 1000,
        "memory": cores * random.choice((2, 4, 8)) * GIB,
        "pods": random.choice((30, 60, 110)),
    }
    if random.random() < 0.3:
        whole[GPU] = random.choice((4, 8))
    allocatable = immutabledict(whole)
    free: dict[immutabledict[str, int], int] = {}
    for _ in range(nodes):
        used = random.choice((0, 0, 10, 30))
        left = allocatable | {name: whole[name] * (100 - used) // 100 for name in ("cpu", "memory")}
        free[left] = free.get(left, 0) + 1
    return NodeShape(nodes, allocatable, allocatable, tuple(free.items()))


def _requests(clusters: Sequence[Cluster], random: Random) -> list[Request]:
    there = sum(groups["cpu"] * count for c in clusters for shape in c.shapes for groups, count in shape.free)
    budget, levels = there * random.randint(35, 70) // 100, random.randint(1, 3)
    asked: list[Request] = []
    while budget > 0 and len(asked) < 12:
        asked.append(_request(f"p{len(asked):02}", clusters, levels, random))
        number = 1 if asked[-1].divided is not None else max(1, asked[-1].policy.number)
        budget -= number * sum(work.replicas * work.pod.requests["cpu"] for work in asked[-1].workloads)
    return asked


def _request(name: str, clusters: Sequence[Cluster], levels: int, random: Random) -> Request:
    kind = random.choice(("divided", "divided", "divided", "copies"))
    number = random.randint(1, len(clusters))
    pick = random.random() < 0.7 or kind == "copies"
    policy = Policy(
        PolicyType.PICK_N if pick else PolicyType.PICK_ALL,
        number=number if pick else 0,
        required=(Term(labels=(Expr("tier", Operator.IN, ("prod",)),)),) if random.random() < 0.3 else (),
        tolerations=(Toleration("dedicated", "Exists"),) if random.random() < 0.4 else (),
    )
    replicas = random.randint(20, 120) if kind == "divided" else random.randint(2, 12)
    pod = _pod(random)
    if GPU in pod.requests:
        replicas = random.randint(2, 12)
    return Request(
        name,
        uid=f"uid-{name}",
        policy=policy,
        workloads=(Workload("w", "default", replicas, pod),),
        divided=_divided(clusters, replicas, random) if kind == "divided" else None,
        priority=random.randrange(levels),
    )


def _pod(random: Random) -> PodShape:
    amounts = {
        "cpu": random.choice((100, 250, 500, 500, 1000, 1000, 2000, 4000)),
        "memory": random.choice((1, 1, 2, 4, 8)) * GIB // 2,
    }
    if random.random() < 0.12:
        amounts[GPU] = random.choice((1, 1, 2, 4))
    return PodShape(immutabledict(amounts))


def _divided(clusters: Sequence[Cluster], replicas: int, random: Random) -> Divided:
    names = [cluster.name for cluster in clusters]
    some = random.sample(names, random.randint(0, len(names)))
    weights = {name: random.randint(1, 4) for name in some}
    high = {
        name: random.randint(replicas // 4 + 1, replicas) for name in random.sample(names, random.choice((0, 0, 1)))
    }
    low = dict.fromkeys(random.sample(names, random.choice((0, 0, 0, 1))), 1)
    return Divided(random.choice(list(DivideBy)), immutabledict(weights), immutabledict(low), immutabledict(high))
