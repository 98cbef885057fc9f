"""A rollout over 20 clusters, ten at a time: how much of a cluster's step is ours, and not waiting for its health.

What a step waits for is read from the audit logs: from the write of the Deployment to the status that has it available.
Everything else counts as ours: reading, comparing, writing, records, and how late the news of the status is heard.
Goal: less than 150 ms a step; and that waiting is told by a watch, so that the requests of a step are few however long
it takes.
"""

import tempfile
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rows import Row, make_row

from kubefleet.kube import Connection, connect
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.lab.lab import Lab
from kubefleet.model.phase import Phase
from kubefleet.model.share import Share
from kubefleet.model.strategy import RollingUpdate
from kubefleet.rollout import stage
from kubefleet.rollout.settle import run_settle
from kubefleet.rollout.task import Task
from kubefleet.rollout.walk import run_rollout

MEMBERS = 20
AT_ONCE = 10
ROUNDS = 3
GOAL_SECONDS = 0.150
GOAL_REQUESTS = 30
KEY = "Deployment/default/web"
OPERATOR, PLAYER = "lab-admin", "system:kwok"
LOG_SECONDS = 0.5
SIZE = f"{MEMBERS} clusters, {AT_ONCE} at a time"
Span = tuple[datetime, datetime]


def rows() -> list[Row]:
    """Measured on a lab of its own; the best of some rounds."""
    with tempfile.TemporaryDirectory() as name, Lab("wide", members=MEMBERS, folder=Path(name) / "labs") as lab:
        names = tuple(cluster.name for cluster in lab.spec.clusters)
        connections = {member: connect(member, lab.access(member)) for member in names}
        _walk(connections, "0")
        found = [_measure(lab, connections, str(number)) for number in range(1, ROUNDS + 1)]
        for connection in connections.values():
            connection.close()
    return [
        make_row("rollout/wall", min(item["wall"] for item in found), "s", SIZE),
        make_row("rollout/waiting", min(item["waiting"] for item in found), "s a step", SIZE),
        make_row("rollout/overhead", min(item["overhead"] for item in found), "s a step", SIZE, goal=GOAL_SECONDS),
        make_row("rollout/latency", min(item["latency"] for item in found), "s a step", SIZE),
        make_row("rollout/requests", max(item["requests"] for item in found), "a step", SIZE, goal=GOAL_REQUESTS),
    ]


def _measure(lab: Lab, connections: Mapping[str, Connection], revision: str) -> dict[str, float]:
    """One rollout of a new revision. `overhead`: the rollout's time but for the longest wait of each batch, by steps;
    `latency`: what a step takes beyond its own wait, also while others are served.
    """
    since = {name: lab.audited(name) for name in connections}
    time.sleep(LOG_SECONDS)
    steps, wall = _walk(connections, revision)
    time.sleep(LOG_SECONDS)
    logs = {name: list(lab.audit(name, since[name])) for name in connections}
    waits = {name: _wait(events) for name, events in logs.items()}
    ordered = sorted(steps, key=lambda name: steps[name][0])
    batches = [ordered[start : start + AT_ONCE] for start in range(0, MEMBERS, AT_ONCE)]
    waiting = sum(max(waits[name] for name in batch) for batch in batches)
    took = {name: (end - start).total_seconds() for name, (start, end) in steps.items()}
    requests = [
        sum(_within(event, steps[name]) for event in events if event["user"]["username"] == OPERATOR)
        for name, events in logs.items()
    ]
    return {
        "wall": wall,
        "waiting": sum(waits.values()) / MEMBERS,
        "overhead": (wall - waiting) / MEMBERS,
        "latency": sum(took[name] - waits[name] for name in took) / MEMBERS,
        "requests": max(requests),
    }


def _walk(connections: Mapping[str, Connection], revision: str) -> tuple[dict[str, Span], float]:
    """Bring all members to a revision; when each step began and ended, and how many seconds all of them took."""
    spans: dict[str, Span] = {}
    run_step = stage.run_step

    def timed(task: Task, cluster: str, *arguments: Any) -> None:
        start = datetime.now(UTC)
        run_step(task, cluster, *arguments)
        spans[cluster] = (start, datetime.now(UTC))

    task = _task(connections, revision)
    stage.run_step = timed
    begun = time.monotonic()
    try:
        result = run_rollout(task)
        seconds = time.monotonic() - begun
    finally:
        stage.run_step = run_step
    for done in (result, run_settle(task)):
        if done.phase is not Phase.COMPLETE:
            raise RuntimeError(done.reason)
    return spans, seconds


def _task(connections: Mapping[str, Connection], revision: str) -> Task:
    labels = {"app": "web"}
    container = {"name": "main", "image": f"web:{revision}"}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }
    return Task(
        identity=PlacementIdentity("b" * 16, "web", "bench", "bench"),
        manifests={f"apps/v1/{KEY}": deployment},
        revision=revision,
        target={name: {KEY: 3} for name in connections},
        members=tuple(connections),
        strategy=RollingUpdate(Share(AT_ONCE), Share(AT_ONCE), max_concurrency=Share(AT_ONCE)),
        connect=connections.__getitem__,
        show=lambda _: None,
        warn=lambda _: None,
    )


def _wait(events: Iterable[Mapping[str, Any]]) -> float:
    """Seconds from the write of the Deployment to the status that has seen it."""
    ours: datetime | None = None
    for event in events:
        reference = event.get("objectRef") or {}
        if (reference.get("resource"), reference.get("name")) != ("deployments", "web"):
            continue
        if event["verb"] not in {"create", "patch", "update"} or "dryRun" in event["requestURI"]:
            continue
        if event["user"]["username"] == OPERATOR:
            ours = _moment(event)
        elif ours is not None and event["user"]["username"] == PLAYER:
            return (_moment(event) - ours).total_seconds()
    raise RuntimeError("no status came after the write")


def _within(event: Mapping[str, Any], span: Span) -> bool:
    return span[0] <= _moment(event) <= span[1]


def _moment(event: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(event["stageTimestamp"])
