"""An independent watcher: from the API servers' audit logs and the log of the fault injector alone, whether a promise
of pods was kept. It shares no code with what it watches. All logs have the machine's one clock.

Three laws, of one workload over all clusters, from `begin` on:

1. At any time as many pods are available as promised, but for those that faults took and that are not back.
2. A write that takes pods down, or may, was allowed by what the API servers had reported just before.
3. No write asks for more pods than are desired and may be surplus.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

OPERATOR = "lab-admin"
JUST_BEFORE = timedelta(seconds=1)
"""From reading all clusters to writing to one, where none is slow."""
ROUND_TRIPS = 12
"""From reading to writing, at most: what a slow member adds."""


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """The workload as an API server answered: who had asked, how many pods are desired, available, updated and there,
    and how many its own strategy may take down. `template` changes when an update begins.
    """

    at: datetime
    cluster: str
    desired: int
    available: int
    user: str = ""
    seen: bool = True
    updated: int = 0
    there: int = 0
    at_once: int = 0
    ordered: bool = False
    template: str = ""
    updating: bool = False

    @property
    def left(self) -> int:
        """How many are available at the least, whatever the cluster still does by itself."""
        have = min(self.available, self.desired)
        if not self.updating:
            return have
        return have - min(have, self.at_once) if self.ordered else min(have, max(0, self.desired - self.at_once))


@dataclass(frozen=True, slots=True, order=True)
class Pod:
    """A pod as an API server answered."""

    at: datetime
    cluster: str
    uid: str
    available: bool


@dataclass(frozen=True, slots=True)
class Faults:
    """The injector's log: when a pod was taken, by cluster; from when till when an API server was down; by how many
    seconds each way to a cluster is slow.
    """

    lost: tuple[tuple[datetime, str], ...] = ()
    down: tuple[tuple[datetime, datetime, str], ...] = ()
    slow: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Watch:
    """What became of a workload."""

    moments: tuple[Moment, ...]
    pods: tuple[Pod, ...]
    begin: datetime

    def lowest(self) -> int:
        """The fewest pods that were available at any time."""
        return min(sum(counts.values()) for _, counts, _ in self._pods_over_time(()))

    def created(self, cluster: str = "") -> int:
        """How many pods have appeared, on one cluster or on all."""
        before = {pod.uid for pod in self.pods if pod.at < self.begin}
        return len({pod.uid for pod in self.pods if pod.cluster == (cluster or pod.cluster)} - before)

    def violations(self, least: int, most: int | None = None, faults: Faults = Faults()) -> list[str]:
        """Every moment that breaks a law: fewer than `least` available, more than `most` desired in all."""
        return [*self._too_few(least, faults), *self._not_allowed(least, faults), *self._too_many(most)]

    def _too_few(self, least: int, faults: Faults) -> Iterable[str]:
        """Law 1. What was never reached, as while a workload grows, is not promised yet; what was reached is."""
        reached = 0
        for at, counts, missing in self._pods_over_time(faults.lost):
            reached = max(reached, sum(counts.values()))
            if sum(counts.values()) + missing < min(least, reached):
                yield f"{at}: {sum(counts.values())} available of at least {least}, and {missing} taken by faults"

    def _not_allowed(self, least: int, faults: Faults) -> Iterable[str]:
        """Law 2. What was reported within the time that reading and writing take counts, whatever has changed since;
        writes since then are charged.
        """
        patience = JUST_BEFORE + timedelta(seconds=2 * ROUND_TRIPS * max(faults.slow.values(), default=0))
        state: dict[str, Moment] = {}
        reported: list[int] = []
        spent: dict[int, int] = {}
        for index, moment in enumerate(self.moments):
            before = state.get(moment.cluster)
            reported.append(_left(state, moment.at, faults))
            state[moment.cluster] = moment
            cost = max(0, before.left - moment.left) if before is not None else 0
            if moment.user != OPERATOR or moment.at < self.begin or not cost:
                continue
            # What was reported before each moment: from the newest on, as far back as the patience goes.
            allowed, charged = False, cost
            for earlier in range(index, -1, -1):
                if self.moments[earlier].at < moment.at - patience:
                    break
                charged += spent.get(earlier, 0)
                allowed = allowed or reported[earlier] - charged >= least
            spent[index] = cost
            if not allowed:
                now = reported[index]
                yield f"{moment.at}: {moment.cluster} to {moment.desired} takes {cost}, of {now} that are available"

    def _too_many(self, most: int | None) -> Iterable[str]:
        """Law 3. Where there are more from the beginning none may be added."""
        desired: dict[str, int] = {}
        for moment in self.moments:
            before = sum(desired.values())
            desired[moment.cluster] = moment.desired
            after = sum(desired.values())
            if most is not None and moment.at >= self.begin and after > max(before, most):
                yield f"{moment.at}: {after} pods desired of at most {most}"

    def _pods_over_time(
        self, lost: Iterable[tuple[datetime, str]]
    ) -> Iterable[tuple[datetime, Mapping[str, int], int]]:
        """From `begin` on: available pods by cluster, and how many of those that faults took are not back.

        One is back when a pod that came after it was taken is available, or when its cluster has all that are desired.
        """
        desired: dict[str, int] = {}
        alive: dict[str, tuple[str, bool]] = {}
        born: dict[str, datetime] = {}
        out: dict[str, list[datetime]] = {}
        takings = sorted(lost)
        events = sorted([*self.moments, *self.pods], key=lambda event: event.at)
        told = False
        for event in events:
            if not told and event.at >= self.begin:
                yield self.begin, _count(alive), 0
                told = True
            while takings and takings[0][0] <= event.at:
                at, cluster = takings.pop(0)
                out.setdefault(cluster, []).append(at)
            name = event.cluster
            if isinstance(event, Moment):
                desired[name] = event.desired
            else:
                born.setdefault(event.uid, event.at)
                was = alive.get(event.uid, (name, False))[1]
                alive[event.uid] = (name, event.available)
                if event.available and not was:
                    waiting = [at for at in out.get(name, []) if at < born[event.uid]]
                    if waiting:
                        out[name].remove(waiting[0])
            counts = _count(alive)
            if counts.get(name, 0) >= desired.get(name, 0):
                out.pop(name, None)
            if event.at >= self.begin:
                yield event.at, counts, sum(len(times) for times in out.values())


def watch(
    logs: Mapping[str, Iterable[Mapping[str, Any]]], name: str, begin: datetime, resource: str = "deployments"
) -> Watch:
    """Read the audit logs of all clusters, from before the workload came. Its pods have the label `app` of its name."""
    moments: list[Moment] = []
    pods: list[Pod] = []
    for cluster, events in logs.items():
        newest: dict[str, int] = {}
        previous: Moment | None = None
        for event in sorted(events, key=lambda event: str(event["stageTimestamp"])):
            if not _is_done(event) or not _is_news(event, newest):
                continue
            if (event["objectRef"]["resource"], event["objectRef"].get("name")) == (resource, name):
                previous = _moment(cluster, event, previous)
                moments.append(previous)
            elif (pod := _pod(cluster, event, name)) is not None:
                pods.append(pod)
    return Watch(tuple(sorted(moments)), tuple(sorted(pods)), begin)


def _is_done(event: Mapping[str, Any]) -> bool:
    """A change that took place."""
    if event.get("stage") != "ResponseComplete" or event["verb"] in {"get", "list", "watch"}:
        return False
    if "dryRun" in event.get("requestURI", "") or not event.get("objectRef"):
        return False
    return int(event["responseStatus"]["code"]) < 300


def _is_news(event: Mapping[str, Any], newest: dict[str, int]) -> bool:
    """Whether it is newer than what was known of the object: answers may be logged out of order."""
    metadata = (event.get("responseObject") or {}).get("metadata") or {}
    uid, version = str(metadata.get("uid") or ""), int(metadata.get("resourceVersion") or 0)
    if uid and event["verb"] != "delete":
        if version < newest.get(uid, 0):
            return False
        newest[uid] = version
    return True


def _moment(cluster: str, event: Mapping[str, Any], before: Moment | None) -> Moment:
    at, user = datetime.fromisoformat(event["stageTimestamp"]), event["user"]["username"]
    if event["verb"] == "delete":
        return Moment(at, cluster, 0, 0, user)
    live = event["responseObject"]
    if live["kind"] == "Scale" and before is not None:
        return replace(before, at=at, user=user, desired=int(live["spec"].get("replicas", 0)))
    spec, status = live.get("spec") or {}, live.get("status") or {}
    desired, ordered = int(spec.get("replicas", 1)), live["kind"] == "StatefulSet"
    generation = live["metadata"].get("generation", 0)
    found = Moment(
        at,
        cluster,
        desired,
        status.get("availableReplicas", 0),
        user,
        seen=status.get("observedGeneration", 0) >= generation,
        updated=status.get("updatedReplicas", 0),
        there=status.get("replicas", 0),
        at_once=1 if ordered else _at_once(spec.get("strategy") or {}, desired),
        ordered=ordered,
        template=json.dumps(spec.get("template"), sort_keys=True),
    )
    if before is None or not before.template:
        return found
    begun = found.template != before.template
    finished = found.seen and found.updated >= found.there == desired == found.available
    return replace(found, updating=begun or (before.updating and not finished))


def _at_once(strategy: Mapping[str, Any], desired: int) -> int:
    """Pods of a Deployment that an update may take down, by Kubernetes' documentation."""
    if strategy.get("type") == "Recreate":
        return desired
    rolling = strategy.get("rollingUpdate") or {}

    def number(value: Any, upwards: int) -> int:
        if isinstance(value, int):
            return value
        return (desired * int(value.rstrip("%")) + upwards) // 100

    down, up = number(rolling.get("maxUnavailable", "25%"), 0), number(rolling.get("maxSurge", "25%"), 99)
    return min(desired, down if down or up else 1)


def _pod(cluster: str, event: Mapping[str, Any], app: str) -> Pod | None:
    """What an event says of a pod of the workload."""
    live = event.get("responseObject") or {}
    if event["objectRef"]["resource"] != "pods" or live.get("kind") != "Pod":
        return None
    metadata = live["metadata"]
    if (metadata.get("labels") or {}).get("app") != app:
        return None
    conditions = {item["type"]: item["status"] for item in (live.get("status") or {}).get("conditions") or []}
    there = event["verb"] != "delete" and not metadata.get("deletionTimestamp")
    ready = there and live["status"].get("phase") == "Running" and conditions.get("Ready") == "True"
    return Pod(datetime.fromisoformat(event["stageTimestamp"]), cluster, metadata["uid"], ready)


def _left(state: Mapping[str, Moment], at: datetime, faults: Faults) -> int:
    """Pods that are available at the least; those behind an API server that is down count as none."""
    silent = {cluster for begin, end, cluster in faults.down if begin <= at < end}
    return sum(moment.left for cluster, moment in state.items() if cluster not in silent)


def _count(alive: Mapping[str, tuple[str, bool]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for cluster, available in alive.values():
        counts[cluster] = counts.get(cluster, 0) + available
    return counts
