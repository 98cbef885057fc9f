"""How long a whole fleet takes to plan: from nothing, planned again, and with one cluster changed.

    python tests/bench/bench_schedule.py [PLACEMENTS CLUSTERS] ...

Prints rows as `make bench` collects them: of the sizes given, or of all and how the time grows with either; seconds are
those of the processor. With KUBEFLEET_BENCH_LARGE=1 also 100,000 placements on 1,000 clusters, which takes minutes. The
mix is that of the speed target: 100 policies × 50 pod sizes, 12 shapes a cluster, 30 % divided, 20 % spread, 10 % with
affinity or anti-affinity (required and preferred, by cluster and by region), 5 % that cannot be placed.
"""

import gc
import json
import math
import os
import resource
import statistics
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

from immutabledict import immutabledict
from rows import Row, make_row

from kubefleet.model.affinity import CLUSTER, Affinity, PlacementSelector
from kubefleet.model.cluster import Cluster
from kubefleet.model.decision import Plan, Previous
from kubefleet.model.policy import DivideBy, Divided, Policy, PolicyType, Prefer, Term, TopologySpread
from kubefleet.model.property import make_property
from kubefleet.model.request import PodShape, Request, Workload
from kubefleet.model.selector import Expr, Operator
from kubefleet.model.shape import NodeShape
from kubefleet.model.snapshot import Snapshot
from kubefleet.model.taint import Effect, Taint
from kubefleet.report.story import SHORT, story_lines
from kubefleet.scheduling import kernel, schedule

SIZES = ((1_000, 100), (10_000, 1_000))
# Seconds on one core, and MiB.
GOALS = {
    "from-nothing": 3,
    "again": 0.5,
    "one-cluster-changed": 0.5,
    "peak-memory": 1024,
    "explain": 0.05,
    "explain-unplaced": 0.05,
    # At most linear, and what one run of each size cannot tell from it.
    "growth-with-placements": 1.1,
    "growth-with-clusters": 1.1,
}
LARGE = (100_000, 1_000)
"""Runs only where KUBEFLEET_BENCH_LARGE is set."""
GROWTH = {
    "placements": ((2_500, 1_000), (5_000, 1_000), (10_000, 1_000)),
    "clusters": ((10_000, 250), (10_000, 500), (10_000, 1_000)),
}
STORIES = 10
TOO_LARGE = PodShape(immutabledict({"cpu": 500_000}))
MIB = 2**20


def fleet(clusters: int, random: Random) -> Snapshot:
    return Snapshot(datetime(2026, 1, 1, tzinfo=UTC), tuple(_cluster(number, random) for number in range(clusters)))


def _cluster(number: int, random: Random) -> Cluster:
    return Cluster(
        f"c{number:04}",
        labels=immutabledict({"region": f"r{number % 7}", "tier": ("prod", "test")[number % 2]}),
        taints=(Taint("dedicated", "ml", Effect.NO_SCHEDULE),) if number % 10 == 0 else (),
        properties=immutabledict({"node-count": make_property(random.randint(3, 99), "nodes")}),
        shapes=tuple(_shape(pool, random) for pool in range(12)),
    )


def _shape(pool: int, random: Random) -> NodeShape:
    """Alike nodes, some of them partly used."""
    cores, count = random.choice((8, 16, 32, 64)), random.randint(5, 60)
    whole = immutabledict({"cpu": cores * 1000, "memory": cores * 4096 * MIB, "pods": 110})
    free: dict[immutabledict[str, int], int] = {}
    for _ in range(min(count, 6)):
        used = random.randint(0, 5) * 10
        left = immutabledict({name: amount * (100 - used) // 100 for name, amount in whole.items()})
        free[left] = free.get(left, 0) + 1
    free[whole] = free.get(whole, 0) + count - sum(free.values())
    groups = tuple((amounts, nodes) for amounts, nodes in free.items() if nodes)
    return NodeShape(count, whole, whole, groups, labels=immutabledict({"pool": f"p{pool % 3}"}))


def policy(number: int, random: Random) -> Policy:
    tier = (Term(labels=(Expr("tier", Operator.IN, ("prod",)),)),)
    regions = (Term(labels=(Expr("region", Operator.IN, (f"r{number % 7}", f"r{(number + 1) % 7}")),)),)
    return Policy(
        PolicyType.PICK_N if number % 10 else PolicyType.PICK_ALL,
        number=random.randint(1, 5),
        required=(tier, regions, ())[number % 3],
        preferred=(Prefer(random.randint(1, 100), sort_by="node-count", descending=number % 4 == 1),) * (number % 2),
        topology_spread=(TopologySpread("region", 1, hard=number % 2 == 0),) if number % 5 == 0 else (),
        **_neighbours(number),
    )


def _neighbours(number: int) -> dict[str, tuple[Affinity, ...]]:
    """One policy in ten has an affinity or an anti-affinity, which speaks of the placements of a team."""
    which, place = divmod(number, 10)
    if place != 7:
        return {}
    rule = Affinity(
        PlacementSelector(labels=(("team", f"t{which}"),)), ("region", CLUSTER)[which % 2], (0, 50)[which % 3 > 0]
    )
    return {"affinity" if which < 5 else "anti_affinity": (rule,)}


def placements(count: int, random: Random) -> list[Request]:
    policies = [policy(number, random) for number in range(100)]
    sizes = [
        PodShape(
            immutabledict(
                {
                    "cpu": random.choice((100, 250, 500, 1000, 2000)),
                    "memory": random.choice((128, 256, 512, 1024, 4096)) * MIB,
                }
            )
        )
        for _ in range(50)
    ]
    return [_placement(number, policies, sizes, random) for number in range(count)]


def _placement(number: int, policies: list[Policy], sizes: list[PodShape], random: Random) -> Request:
    pod = TOO_LARGE if random.random() < 0.05 else random.choice(sizes)
    return Request(
        f"p{number:05}",
        uid=f"u{number}",
        policy=random.choice(policies),
        workloads=(Workload("w", "default", random.randint(1, 12), pod),),
        divided=Divided(random.choice(list(DivideBy))) if random.random() < 0.3 else None,
        priority=random.randint(0, 3),
        labels=immutabledict({"team": f"t{number % 100}"}),
    )


def changed(snapshot: Snapshot) -> Snapshot:
    """One cluster has become smaller and lost its label."""
    first = snapshot.clusters[0]
    other = replace(first, shapes=first.shapes[:6], labels=immutabledict({"region": "r0"}))
    return replace(snapshot, clusters=(other, *snapshot.clusters[1:]))


def measure(count: int, clusters: int) -> list[Row]:
    random = Random(1)
    snapshot, asked = fleet(clusters, random), placements(count, random)
    size = _size(count, clusters)
    before: Mapping[str, Previous] = {}
    rows: list[Row] = []
    for name, seen in (("from nothing", snapshot), ("again", snapshot), ("one cluster changed", changed(snapshot))):
        # That the plan before goes is not this one's time.
        plan = Plan(())
        gc.collect()
        began = time.process_time()
        plan = schedule(seen, asked, before)
        seconds = time.process_time() - began
        rows.append(_row(f"schedule {name}", round(seconds, 3), "s", size))
        before = {decision.placement: Previous(decision.bindings) for decision in plan.decisions}
    rows += _explained(plan, size)
    rows.append(_row("unplaced placements", _unplaced(plan), "", size))
    rows.append(_row("peak memory", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, "MiB", size))
    return rows


def _explained(plan: Plan, size: str) -> list[Row]:
    """Seconds that the story of one placement takes, a few of them on average: of placed ones, and of unplaced ones
    with what would make them fit.
    """
    unplaced = [decision for decision in plan.decisions if decision.unplaced][:STORIES]
    placed = [decision for decision in plan.decisions if not decision.unplaced][:STORIES]
    rows = []
    for name, told in (("explain", placed), ("explain unplaced", unplaced)):
        # The collector would go through the whole plan once, somewhere among these.
        gc.collect()
        began = time.process_time()
        for decision in told:
            story_lines(decision, most=SHORT)
        rows.append(_row(name, round((time.process_time() - began) / max(1, len(told)), 4), "s", size))
    return rows


def _unplaced(plan: Plan) -> int:
    return sum(decision.unplaced > 0 for decision in plan.decisions)


def _row(name: str, value: float, unit: str, size: str) -> Row:
    name = name.removeprefix("schedule ").replace(" ", "-")
    return make_row(f"schedule/{name}", value, unit, size, goal=GOALS.get(name))


def _from_nothing(count: int, clusters: int) -> float:
    random = Random(1)
    snapshot, asked = fleet(clusters, random), placements(count, random)
    gc.collect()
    began = time.process_time()
    schedule(snapshot, asked, {})
    return time.process_time() - began


def _growth() -> Iterator[Row]:
    """Of what is planned from nothing: seconds by size, and the slope of a line through their logarithms; and what the
    largest takes where nothing was compiled.
    """
    seconds = {size: _from_nothing(*size) for size in sorted({size for sizes in GROWTH.values() for size in sizes})}
    for name, sizes in GROWTH.items():
        which = 0 if name == "placements" else 1
        for size in sizes:
            yield _row("growth seconds", seconds[size], "s", _size(*size))
        xs, ys = [math.log(size[which]) for size in sizes], [math.log(seconds[size]) for size in sizes]
        size = f"{_size(*sizes[0])} to {_size(*sizes[-1])}"
        yield _row(f"growth with {name}", statistics.linear_regression(xs, ys).slope, "slope", size)
    compiled, kernel.built = kernel.built, None
    yield _row("from nothing uncompiled", _from_nothing(*SIZES[-1]), "s", _size(*SIZES[-1]))
    kernel.built = compiled


def _size(count: int, clusters: int) -> str:
    return f"{count} placements x {clusters} clusters"


def rows() -> list[Row]:
    """The rows of every size, and how they grow."""
    sizes = (*SIZES, LARGE) if os.environ.get("KUBEFLEET_BENCH_LARGE") else SIZES
    return [*(row for count, clusters in sizes for row in measure(count, clusters)), *_growth()]


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    sizes = list(zip(given[::2], given[1::2], strict=True))
    for row in [row for size in sizes for row in measure(*size)] if sizes else rows():
        print(json.dumps(row))  # noqa: T201 - its output is what it is for
