"""What is live: read from the clusters, never from state."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from kubefleet.health import Status, health
from kubefleet.health.checks import Check
from kubefleet.kube import Cancelled, Connection, Unreachable, fan_out
from kubefleet.kube.http_probes import with_probes
from kubefleet.kube.inventory_store import read_inventory_object
from kubefleet.kube.object_access import find
from kubefleet.rollout.planner import Copy
from kubefleet.rollout.scaling import autoscaled_keys
from kubefleet.rollout.task import Task
from kubefleet.spec.scale import SCALABLE, replicas_in

_KEPT_RUNNING = SCALABLE | {"DaemonSet", "Pod"}
"""What a copy needs to be available. A Job runs to its end, a CronJob now and then."""
_FINE = {Status.AVAILABLE, Status.UNVERIFIED}
T = TypeVar("T")
ChecksOf = Callable[[str], tuple[Check, ...]]


def _none(_revision: str) -> tuple[Check, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Live:
    """The copies that were found, and why each member that could not be read could not."""

    copies: Mapping[str, Copy]
    unreachable: Mapping[str, str]


def read_live(task: Task, clusters: Iterable[str]) -> Live:
    """The placement's copies on these clusters, all read in parallel. Raises what is not a member's silence."""
    autoscaled = autoscaled_keys(task)

    def read(name: str) -> Copy | None:
        def checks_of(recorded: str) -> tuple[Check, ...]:
            return task.checks_of(task.stands_for(name, recorded))

        copy = read_copy(task.connect(name), task.identity.uid, autoscaled, checks_of)
        return None if copy is None else replace(copy, revision=task.stands_for(name, copy.revision))

    return Live(*read_each(task, clusters, read))


def read_each(
    task: Task, clusters: Iterable[str], read: Callable[[str], T | None]
) -> tuple[dict[str, T], dict[str, str]]:
    """What was read of each member, all in parallel, without those that have nothing; and why each of those that could
    not be read could not. Raises what is not a member's silence.
    """
    names = sorted(set(clusters))
    found: dict[str, T] = {}
    unreachable: dict[str, str] = {}
    for name, outcome in zip(names, fan_out(names, read, max_parallel=task.max_parallel), strict=True):
        if isinstance(outcome.error, Unreachable) and not isinstance(outcome.error, Cancelled):
            unreachable[name] = outcome.error.why
        elif (item := outcome.get()) is not None:
            found[name] = item
    return found, unreachable


def read_copy(
    connection: Connection, uid: str, autoscaled: frozenset[str] = frozenset(), checks_of: ChecksOf = _none
) -> Copy | None:
    """The copy of a placement on one member, or None. A rollout that was not completed counts as no revision.

    The replicas of workloads that are `autoscaled` are those that are booked: how many there are is not ours. What the
    user has checks for has to be available too; `checks_of` gives those that a revision is judged by.
    """
    inventory = read_inventory_object(connection, uid)
    if inventory is None:
        return None
    revision = inventory.revision if inventory.completed else ""
    checks = with_probes(checks_of(revision), connection)
    replicas: dict[str, int] = {}
    booked = {booking.workload: booking.replicas for booking in inventory.bookings}
    available = True
    for ref in inventory.objects:
        custom = ref.owner_value in booked and ref.group not in {"", "apps", "batch"}
        runs = custom or (ref.kind in _KEPT_RUNNING and ref.group in {"", "apps"})
        checked = any(check.subject.covers(ref.api_version, ref.kind, ref.namespace, ref.name) for check in checks)
        if not runs and not checked:
            continue
        live = find(connection, ref)
        if live is None:
            available = False
            continue
        key = ref.owner_value
        if runs:
            replicas[key] = booked.get(key, 0) if key in autoscaled else replicas_of(live)
        # Nobody can tell the health of a custom resource without conditions: it passes in a rollout, and does here.
        available = available and health(live, checks=checks).status in _FINE
    return Copy(connection.name, revision, replicas, available)


def replicas_of(live: Mapping[str, Any]) -> int:
    """Desired replicas of a live object: 1 of a Pod, none of a workload that has none to scale."""
    return 1 if live.get("kind") == "Pod" else int(replicas_in(live) or 0)
