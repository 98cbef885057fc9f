"""How long it takes to plan a job of a million indexes over a hundred clusters of 5,000 nodes each, every node with
something else on it; and to account for half of it, reported with holes.

    python tests/bench/bench_jobs.py

Prints rows as `make bench` collects them.
"""

import json
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from random import Random

from immutabledict import immutabledict
from rows import Row, make_row

from kubefleet.jobs.account import Account, JobSeen, created, observed, planned
from kubefleet.jobs.codec import from_json, to_json
from kubefleet.jobs.divide import Demand, DivideJobBy, Site
from kubefleet.jobs.indexes import Indexes
from kubefleet.jobs.steps import next_parts
from kubefleet.model.cluster import Cluster
from kubefleet.model.policy import DivideBy, Divided, Policy, PolicyType
from kubefleet.model.request import PodShape, Request, Workload
from kubefleet.model.shape import NodeShape
from kubefleet.model.snapshot import Snapshot
from kubefleet.scheduling import schedule_and_ask

CLUSTERS, NODES, INDEXES = 100, 5_000, 1_000_000
GOALS = {"plan": 2.0}
_GIB = 2**30


def fleet() -> Snapshot:
    """Nodes of 64 cores and 256 GiB, free to different degrees."""
    random = Random(1)
    whole = immutabledict({"cpu": 64_000, "memory": 256 * _GIB, "pods": 110})

    def cluster(number: int) -> Cluster:
        free = Counter(
            immutabledict({"cpu": 1000 * random.randint(0, 64), "memory": random.randint(4, 256) * _GIB, "pods": 90})
            for _ in range(NODES)
        )
        shape = NodeShape(NODES, whole, whole, tuple(free.items()))
        return Cluster(f"c{number:03}", shapes=(shape,), capacity_known=True)

    return Snapshot(datetime(2026, 1, 1, tzinfo=UTC), tuple(cluster(number) for number in range(CLUSTERS)))


def job() -> Request:
    """Pods of 2 cores and 6 GiB, on any cluster."""
    work = Workload("job", "ml", INDEXES, PodShape(immutabledict({"cpu": 2000, "memory": 6 * _GIB, "pods": 1})))
    policy = Policy(PolicyType.PICK_N, number=CLUSTERS)
    return Request("job", "job", policy, (work,), Divided(DivideBy.AVAILABLE))


def rows() -> list[Row]:
    """The benchmark's rows."""
    snapshot, request = fleet(), job()
    size = f"{INDEXES} indexes, {CLUSTERS} clusters of {NODES} nodes"
    start = time.process_time()
    _, room = schedule_and_ask(snapshot, [], {}, [request])
    places = room.places("job").pods
    sites = [Site(name, pods, 60_000 + 1000 * (int(name[1:]) % 7)) for name, pods in places.items()]
    account = Account(INDEXES)
    account = planned(account, next_parts(account, DivideJobBy.MAKESPAN, sites, Demand(INDEXES)))
    plan = time.process_time() - start

    seen = {}
    random = Random(2)
    for shard in account.shards:
        account = created(account, shard.cluster, 1, f"uid-{shard.cluster}")
        done = Indexes([i for i in range(len(shard.indexes)) if random.random() < 0.5])
        seen[shard.cluster] = [JobSeen(f"uid-{shard.cluster}", 1, shard.token, done)]
    start = time.process_time()
    account = observed(account, seen)
    stored = json.dumps(to_json(account))
    assert from_json(json.loads(stored)) == account
    merged = time.process_time() - start
    return [
        make_row("jobs/plan", plan, "s", size, goal=GOALS["plan"]),
        make_row("jobs/account", merged, "s", size),
        make_row("jobs/state", len(stored) / 2**20, "MiB", size),
    ]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(rows(), indent=2) + "\n")
