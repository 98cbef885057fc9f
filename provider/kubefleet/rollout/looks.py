"""Looking at what a check of a gate is about: one function for each kind of look."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from kubefleet.health import Health, Status, health
from kubefleet.health.checks import Check
from kubefleet.health.probes import Http, Objects, OfStage, Prometheus, SmokeJob
from kubefleet.health.probes.http import CLUSTER
from kubefleet.health.status import available, progressing
from kubefleet.kube import Cancelled, Connection, MemberError, fan_out
from kubefleet.kube.inventory_store import read_inventory_object
from kubefleet.kube.object_access import find
from kubefleet.rollout.asked import ask_http, ask_prometheus
from kubefleet.rollout.smoke_job import run_smoke_job
from kubefleet.rollout.task import Task

_WORST_FIRST = (Status.FAILED, Status.PROGRESSING, Status.UNVERIFIED, Status.AVAILABLE)


def look_at(task: Task, look: Any, stage: str, clusters: tuple[str, ...], seconds: float) -> Health:
    """How it is now; a Job may take so many seconds. What cannot be asked is Progressing, with why.

    Raises Cancelled.
    """
    match look:
        case Objects(check):
            return _on_each(task, clusters, lambda name: _objects(task.connect(name), task.identity.uid, check))
        case SmokeJob(manifest):
            return _on_each(task, clusters, lambda name: run_smoke_job(task, name, manifest, seconds))
        case Http() if CLUSTER in look.url:
            return _on_each(task, clusters, lambda name: ask_http(replace(look, url=look.url.replace(CLUSTER, name))))
        case Http():
            return ask_http(look)
        case Prometheus() if CLUSTER in look.url + look.query:
            return _on_each(task, clusters, lambda name: ask_prometheus(_of_cluster(look, name)))
        case Prometheus():
            return ask_prometheus(look)
        case OfStage(function):
            facts = {"placement": task.identity.placement, "stage": stage, "revision": task.revision}
            return function({**facts, "clusters": list(clusters)})
        case _:
            raise TypeError(f"nothing looks at {type(look).__name__}")


def _of_cluster(look: Prometheus, name: str) -> Prometheus:
    return replace(look, url=look.url.replace(CLUSTER, name), query=look.query.replace(CLUSTER, name))


def _on_each(task: Task, clusters: Iterable[str], look: Callable[[str], Health]) -> Health:
    """The worst of what is found on the clusters, all looked at in parallel."""
    names = sorted(clusters)
    found: list[Health] = []
    for name, outcome in zip(names, fan_out(names, look, max_parallel=task.max_parallel), strict=True):
        error = outcome.error
        if isinstance(error, MemberError) and not isinstance(error, Cancelled):
            found.append(progressing(str(error)))
        else:
            one = outcome.get()
            found.append(Health(one.status, f"{name}: {one.reason}"))
    return min(found, key=lambda one: _WORST_FIRST.index(one.status), default=available())


def _objects(connection: Connection, uid: str, check: Check) -> Health:
    """By this check alone: what the built-in rules say has been waited for."""
    inventory = read_inventory_object(connection, uid)
    refs = [
        ref
        for ref in (inventory.objects if inventory is not None else ())
        if check.subject.covers(ref.api_version, ref.kind, ref.namespace, ref.name)
    ]
    if not refs:
        return progressing("what it is about is not there")
    found = []
    for ref in refs:
        live = find(connection, ref)
        one = progressing("is not there") if live is None else health(live, checks=(replace(check, replaces=True),))
        found.append(Health(one.status, f"{ref}: {one.reason}"))
    return min(found, key=lambda one: _WORST_FIRST.index(one.status))
