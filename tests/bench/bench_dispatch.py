"""How long it takes from the decision about a job to the Job of each shard on 20 API servers; and how many pods a
second a job over three clusters gets through, against plain Indexed Jobs of the same sizes on the same clusters.

All moments but that of the decision are those of the servers' audit logs. What is compared runs at the same time on the
same clusters, so that whatever else the machine does hits both alike; who begins alternates.
"""

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from rows import Row, make_row

from kubefleet.dispatch.drive import drive
from kubefleet.dispatch.round import JobTask, run_round
from kubefleet.jobs.account import Account
from kubefleet.jobs.divide import Demand, DivideJobBy, Site
from kubefleet.jobs.global_index import index_policy
from kubefleet.jobs.options import JobOptions, WaitFor
from kubefleet.jobs.record import JobRecord
from kubefleet.jobs.shard_job import WholeJob
from kubefleet.jobs.verdict import JobPhase
from kubefleet.kube import Connection, connect, fan_out
from kubefleet.kube.object_access import apply_body
from kubefleet.lab.lab import Lab

MEMBERS, JOBS = 20, 15
INDEXES, SLOTS = 240, 16
PAIRS = 8
GOAL_SECONDS = 1.5
GOAL_RATIO = 0.9
SPACE = "default"
PATH = f"/apis/batch/v1/namespaces/{SPACE}/jobs"
LOG_SECONDS, POLICY_SECONDS = 0.5, 8
AFTER = {f"lab.pulumi-kubefleet/{stage}-after": "10ms" for stage in ("start", "ready", "complete", "stop")}
CONTAINER = {"name": "main", "image": "main:1", "resources": {"requests": {"cpu": "10m"}}}
POD = {"metadata": {"annotations": AFTER}, "spec": {"restartPolicy": "Never", "containers": [CONTAINER]}}
WIDE = f"{JOBS} jobs, {MEMBERS} clusters"
PLAYED = f"{INDEXES} indexes, 3 clusters, {SLOTS} at once on each, {PAIRS} pairs"


def rows() -> list[Row]:
    """The benchmark's rows."""
    return [*_decided(), *_through()]


def _decided() -> list[Row]:
    with _lab("wide", members=MEMBERS) as lab:
        spans = [span for number in range(JOBS) for span in _one_decision(lab, number)]
    return [
        make_row("dispatch/decided-to-there-p50", median(spans), "s", WIDE),
        make_row("dispatch/decided-to-there-p99", quantiles(spans, n=100, method="inclusive")[98], "s", WIDE,
                 goal=GOAL_SECONDS),
        make_row("dispatch/decided-to-there-max", max(spans), "s", WIDE),
    ]  # fmt: skip


def _one_decision(lab: Lab, number: int) -> Iterator[float]:
    """Seconds until the Job of each shard is there. Connections are new, as in every `up`."""
    since = {name: lab.audited(name) for name in _names(lab)}
    decided: list[datetime] = []

    def sites(names: Sequence[str]) -> list[Site]:
        decided.append(datetime.now(UTC))
        return [Site(name, 10) for name in names]

    with _connected(lab) as connections:
        job = WholeJob(f"wide-{number}", f"{number:016x}", SPACE, {"spec": {"template": POD}}, 10 * MEMBERS)
        found = run_round(_task(job, connections, sites), Account(job.total))
    if found.silent or found.refused:
        raise RuntimeError(f"{found.silent} {found.refused}")
    time.sleep(LOG_SECONDS)
    for name, first in since.items():
        created = [_moment(event) for event in lab.audit(name, first) if _makes(event, f"{job.name}-g1")]
        yield (min(created) - decided[0]).total_seconds()


def _makes(event: Mapping[str, Any], name: str) -> bool:
    reference = event.get("objectRef") or {}
    of_job = (reference.get("resource"), reference.get("name"), reference.get("subresource")) == ("jobs", name, None)
    return of_job and event["verb"] == "patch"


def _through() -> list[Row]:
    with _lab("quickstart") as lab, _connected(lab) as connections:
        # The first is for caches to fill.
        runs = [_pair(lab, connections, number) for number in range(PAIRS + 1)][1:]
    ratios = [run["ours"].rate / run["plain"].rate for run in runs]
    return [
        make_row("dispatch/ours", median(run["ours"].rate for run in runs), "pods/s", PLAYED, better="higher"),
        make_row("dispatch/plain", median(run["plain"].rate for run in runs), "pods/s", PLAYED, better="higher"),
        make_row("dispatch/ratio", median(ratios), "× plain", PLAYED, better="higher", goal=GOAL_RATIO),
        make_row("dispatch/ratio-worst", min(ratios), "× plain", PLAYED, better="higher"),
        make_row("dispatch/heard", median(run["ours"].heard for run in runs), "s after its end", PLAYED),
    ]


@dataclass(frozen=True, slots=True)
class Through:
    """Pods a second from the call to the end of the last Job, and how long after that it was known."""

    rate: float
    heard: float


def _pair(lab: Lab, connections: Mapping[str, Connection], number: int) -> dict[str, Through]:
    since = {member: lab.audited(member) for member in connections}

    def run(way: str) -> tuple[datetime, datetime]:
        return datetime.now(UTC), WAYS[way](connections, f"{way}-{number}")

    ways = sorted(WAYS, reverse=number % 2 == 1)
    spans = dict(zip(ways, (outcome.get() for outcome in fan_out(ways, run)), strict=True))
    time.sleep(LOG_SECONDS)
    logs = [list(lab.audit(member, first)) for member, first in since.items()]
    found = {}
    for way, (start, heard) in spans.items():
        end = max(_ended(events, f"{way}-{number}") for events in logs)
        found[way] = Through(INDEXES / (end - start).total_seconds(), (heard - end).total_seconds())
    return found


def _ours(connections: Mapping[str, Connection], name: str) -> datetime:
    number = int(name.rpartition("-")[2])
    job = WholeJob(name, f"{number:016x}", SPACE, {"spec": {"template": POD}}, INDEXES)
    task = _task(job, connections, lambda names: [Site(member, SLOTS) for member in names])
    options = JobOptions(wait=WaitFor.COMPLETED)
    done = drive(task, JobRecord(Account(INDEXES)), options, tell=lambda *_: None, cancelled=lambda: False)
    if done.job is not JobPhase.COMPLETE:
        raise RuntimeError(done.reason)
    return datetime.now(UTC)


def _plain(connections: Mapping[str, Connection], name: str) -> datetime:
    """What somebody would write who has no fleet: a Job for each cluster, and looking at them until they are over."""
    size = INDEXES // len(connections)
    spec = {"completionMode": "Indexed", "completions": size, "parallelism": SLOTS, "backoffLimitPerIndex": 1}
    body = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": {**spec, "template": POD}}
    members = sorted(connections)
    for made in fan_out(members, lambda member: connections[member].post(PATH, body)):
        made.get()

    def over(member: str) -> bool:
        return bool((connections[member].get(f"{PATH}/{name}").get("status") or {}).get("completionTime"))

    while not all(outcome.get() for outcome in fan_out(members, over)):
        time.sleep(0.5)
    return datetime.now(UTC)


def _ended(events: Iterable[Mapping[str, Any]], name: str) -> datetime:
    """When the status of the Job that bears the name said that it was complete."""
    for event in events:
        reference = event.get("objectRef") or {}
        if reference.get("resource") == "jobs" and reference.get("subresource") == "status":
            found = event.get("responseObject") or {}
            if found["metadata"]["name"] in (name, f"{name}-g1") and (found.get("status") or {}).get("completionTime"):
                return _moment(event)
    raise RuntimeError(f"{name} did not end")


WAYS: Mapping[str, Callable[[Mapping[str, Connection], str], datetime]] = {"ours": _ours, "plain": _plain}
"""What is compared: each returns when it knows that all is over."""


def _task(
    job: WholeJob, connections: Mapping[str, Connection], sites: Callable[[Sequence[str]], list[Site]]
) -> JobTask:
    return JobTask(
        job,
        DivideJobBy.MAKESPAN,
        Demand(job.total),
        tuple(sorted(connections)),
        connections.__getitem__,
        lambda names: sites(sorted(names)),
        lambda _: None,
    )


@contextmanager
def _lab(spec: str, members: int | None = None) -> Iterator[Lab]:
    """Its members as a join leaves them: with the policy that gives pods their index."""
    with tempfile.TemporaryDirectory() as name, Lab(spec, members=members, folder=Path(name) / "labs") as lab:
        with _connected(lab) as connections:
            for connection in connections.values():
                for manifest in index_policy():
                    apply_body(connection, manifest, manager="bench", force=True)
        # One that has just come is waited for.
        time.sleep(POLICY_SECONDS)
        yield lab


@contextmanager
def _connected(lab: Lab) -> Iterator[dict[str, Connection]]:
    connections = {name: connect(name, lab.access(name)) for name in _names(lab)}
    try:
        yield connections
    finally:
        for connection in connections.values():
            connection.close()


def _names(lab: Lab) -> tuple[str, ...]:
    return tuple(cluster.name for cluster in lab.spec.clusters)


def _moment(event: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(event["stageTimestamp"])
