"""What an index costs on a cluster, and how a job is divided by that."""

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest
from immutabledict import immutabledict

from kubefleet.jobs.cost import carbon_of, price_of
from kubefleet.jobs.divide import Demand, DivideJobBy
from kubefleet.jobs.plan import JobPlan, JobRequest, plan_jobs
from kubefleet.model.cluster import Cluster
from kubefleet.model.policy import DivideBy, Divided, Policy, PolicyType
from kubefleet.model.property import make_property
from kubefleet.model.request import PodShape, Request, Workload
from kubefleet.model.shape import NodeShape
from kubefleet.model.snapshot import Snapshot
from kubefleet.model.taint import Taint
from kubefleet.scheduling import schedule_and_ask

pytestmark = pytest.mark.fast

GIB, HOUR = 2**30, 3_600_000
CPU, MEMORY, GPU, CARBON = "cost/per-cpu-hour", "cost/per-gib-hour", "cost/per-gpu-hour", "carbon/g-per-kwh"


def nodes(count: int = 2, cpu: int = 4, memory: int = 16, **more: Any) -> NodeShape:
    amounts = immutabledict({"cpu": 1000 * cpu, "memory": memory * GIB, "pods": 110, **more.pop("also", {})})
    return NodeShape(count, amounts, amounts, ((amounts, count),), **more)


def cluster(name: str, *shapes: NodeShape, **rates: float) -> Cluster:
    given = {key: make_property(value, "user", key) for key, value in rates.items()}
    return Cluster(name, properties=immutabledict(given), shapes=shapes or (nodes(),))


def request(cpu: int = 1000, memory: int = 0, **also: int) -> Request:
    amounts = {"cpu": cpu, **({"memory": memory * GIB} if memory else {}), "pods": 1, **also}
    work = Workload("job", "ml", 8, PodShape(immutabledict(amounts)))
    return Request("job", "job", Policy(PolicyType.PICK_N, number=9), (work,), Divided(DivideBy.AVAILABLE))


@pytest.mark.parametrize(
    ("asked", "rates", "price"),
    [
        # A fourth of the node by its cores, a half by its memory: that keeps others from it.
        (request(1000), {CPU: 0.04}, Fraction(4, 100)),
        (request(1000, 8), {CPU: 0.04}, Fraction(8, 100)),
        (request(1000, 8), {CPU: 0.04, MEMORY: 0.005}, Fraction(12, 100)),
        (request(2000), {MEMORY: 0.01}, Fraction(8, 100)),
        (request(2000), {}, None),
        (request(2000), {CARBON: 100}, None),
    ],
)
def test_a_pod_pays_for_the_share_of_a_node_that_it_keeps_others_from(
    asked: Request, rates: dict[str, float], price: Fraction | None
) -> None:
    assert price_of(cluster("a", **rates), asked, HOUR) == price
    assert price_of(cluster("a", **rates), asked, HOUR // 4) == (None if price is None else price / 4)


def test_all_of_its_gpus_are_all_of_a_node() -> None:
    gpus = nodes(cpu=96, memory=1024, also={"nvidia.com/gpu": 8}, labels=immutabledict({"nvidia.com/gpu.count": "8"}))
    asked = request(1000, **{"nvidia.com/gpu": 8})
    assert price_of(cluster("a", gpus, **{GPU: 2, CPU: 0.05}), asked, HOUR) == 8 * 2 + 96 * Fraction(5, 100)


def test_only_nodes_count_that_a_pod_could_be_on() -> None:
    large, kept = nodes(1, 64, 256), nodes(9, 8, 32, taints=(Taint("a", "b", "NoSchedule"),))
    assert price_of(cluster("a", nodes(3), large, kept, **{CPU: 1}), request(8000), HOUR) == 8
    # Of several kinds the mean: by memory an eighth of the one, a sixteenth of the other, which costs twice as much.
    both = cluster("a", nodes(1, 4, 64), nodes(3, 16, 128), **{CPU: 1})
    assert price_of(both, request(100, 8), HOUR) == (Fraction(4, 8) + 3 * Fraction(16, 16)) / 4


def test_of_nodes_that_nobody_knows_it_pays_for_what_it_asks_for() -> None:
    planned = replace(cluster("a", **{CPU: 0.5, MEMORY: 0.25}), shapes=(), capacity_known=False)
    assert price_of(planned, request(2000, 4), HOUR) == 2


def test_what_is_dispatched_whole_costs_what_all_of_its_pods_do() -> None:
    asked = replace(request(1000), divided=None)
    assert price_of(cluster("a", **{CPU: 1}), asked, HOUR) == 8


def test_clusters_are_compared_in_carbon_by_rate_and_time() -> None:
    assert carbon_of(cluster("a", **{CARBON: 120}), HOUR // 2) == 60
    assert carbon_of(cluster("a"), HOUR) is None


NOWHERE = {"a": {}, "b": {}, "c": {}}
PRICED = {"a": {CPU: 3, CARBON: 10}, "b": {CPU: 1, CARBON: 500}, "c": {}}


def plan(by: DivideJobBy, rates: dict[str, dict[str, float]], deadline: int | None = None) -> JobPlan:
    clusters = tuple(cluster(name, **found) for name, found in rates.items())
    snapshot = Snapshot(datetime(2026, 1, 1, tzinfo=UTC), clusters)
    job = JobRequest(request(1000), by, Demand(24, deadline=deadline), HOUR)
    _, room = schedule_and_ask(snapshot, [], {}, [job.request])
    (made,) = plan_jobs(room, [job])
    return made


@pytest.mark.parametrize(
    ("by", "deadline", "counts"),
    [
        (DivideJobBy.CHEAPEST, None, {"b": 24}),
        (DivideJobBy.GREENEST, None, {"a": 24}),
        # Eight at once on each: in two hours 16. Who says nothing comes last.
        (DivideJobBy.CHEAPEST, 2 * HOUR, {"b": 16, "a": 8}),
        (DivideJobBy.GREENEST, 2 * HOUR, {"a": 16, "b": 8}),
        (DivideJobBy.CHEAPEST, HOUR, {"a": 8, "b": 8, "c": 8}),
    ],
)
def test_a_job_goes_where_it_costs_least_as_far_as_time_allows(
    by: DivideJobBy, deadline: int | None, counts: dict[str, int]
) -> None:
    made = plan(by, PRICED, deadline)
    assert {name: shard.part.count for name, shard in made.shards.items()} == counts
    assert made.lacks == ""
    prices = {"a": 3, "b": 1, "c": None}
    for name, shard in made.shards.items():
        each = prices[name]
        assert shard.price == (None if each is None else each * shard.part.count)


@pytest.mark.parametrize(
    ("by", "rates", "told"),
    [
        (DivideJobBy.CHEAPEST, NOWHERE, "no cluster says its costs (expected prices"),
        (DivideJobBy.CHEAPEST, {"a": {CARBON: 1}}, "no cluster says its costs"),
        (DivideJobBy.GREENEST, {"a": {CPU: 1}}, "no cluster says its g of CO2 per kWh"),
    ],
)
def test_what_nobody_says_is_told(by: DivideJobBy, rates: dict[str, dict[str, float]], told: str) -> None:
    assert told in plan(by, rates).lacks
    assert plan(DivideJobBy.MAKESPAN, rates).lacks == ""
