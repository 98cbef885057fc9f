"""Which clusters change together, and in which order. Pure: live state and target in, batches out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from kubefleet.model.strategy import RollingUpdate

Replicas = Mapping[str, int]
"""Workload key -> replicas."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A placement as it lives on one cluster: its revision, desired replicas, and whether all of it is available."""

    cluster: str
    revision: str
    replicas: Replicas
    available: bool


class Action(StrEnum):
    """What a step does to a cluster."""

    CREATE = "create"
    SCALE_UP = "scale up"
    UPDATE = "update"
    SCALE_DOWN = "scale down"


@dataclass(frozen=True, slots=True)
class Step:
    """One indivisible change on one cluster, to `replicas`: only a `SCALE_DOWN` has fewer than are live there."""

    cluster: str
    action: Action
    replicas: Replicas


Batch = tuple[Step, ...]
"""Steps that run at the same time; the next batch begins when all of them are healthy."""


@dataclass(frozen=True, slots=True)
class Clearance:
    """What the end of a rollout takes away: whole copies, and replicas that the target no longer has."""

    removals: tuple[str, ...]
    scale_downs: tuple[Step, ...]


def plan_rollout(
    live: Mapping[str, Copy],
    target: Mapping[str, Replicas],
    revision: str,
    strategy: RollingUpdate,
    unreachable: frozenset[str] = frozenset(),
    *,
    bounded: bool = True,
    last_first: bool = False,
) -> tuple[Batch, ...]:
    """Batches that bring every cluster of `target` to `revision` and at least to its replicas.

    New copies and scale-ups come first, so that nothing is taken away before its substitute is healthy. While copies
    that the target lacks still run, at most `max_surge` new ones start at a time. Updates in place keep at most
    `max_unavailable` copies unavailable, counting those that already are and those that cannot be reached; mending
    an unavailable copy costs nothing. Updates that these leave nothing of the budget for are not planned, or, where it
    is not `bounded` by them, come one by one. Clusters come by name, or `last_first`, as they do on the way back.
    """
    reachable = sorted(set(target) - unreachable, reverse=last_first)
    creations = [Step(name, Action.CREATE, target[name]) for name in reachable if name not in live]
    scale_ups: list[Step] = []
    free_updates: list[Step] = []
    costly_updates: list[Step] = []
    for name in reachable:
        copy = live.get(name)
        if copy is None:
            continue
        replicas = at_least(copy.replicas, target[name])
        if copy.revision != revision:
            (costly_updates if copy.available else free_updates).append(Step(name, Action.UPDATE, replicas))
        elif any(copy.replicas.get(key, 0) < count for key, count in replicas.items()):
            scale_ups.append(Step(name, Action.SCALE_UP, replicas))
    moving = bool(set(live) - set(target))
    surge = max(1, strategy.max_surge.of(len(target))) if moving else len(creations)
    batches = _chunks(creations, surge)
    if scale_ups:
        batches = [tuple(scale_ups) + (batches[0] if batches else ()), *batches[1:]]
    if free_updates:
        batches.append(tuple(free_updates))
    down = len(unreachable & set(target)) + sum(
        not live[name].available and live[name].revision == revision for name in reachable if name in live
    )
    room = strategy.max_unavailable.of(len(target)) - down
    if bounded and room <= 0:
        costly_updates = []
    at_once = max(1, strategy.max_concurrency.of(len(target)))
    return tuple(
        part for batch in (*batches, *_chunks(costly_updates, max(1, room))) for part in _chunks(batch, at_once)
    )


def plan_clearance(live: Mapping[str, Copy], target: Mapping[str, Replicas]) -> Clearance:
    """What to take away when every cluster of the target is healthy."""
    scale_downs = [
        Step(name, Action.UPDATE, target[name])
        for name in sorted(set(live) & set(target))
        if any(live[name].replicas.get(key, 0) > count for key, count in target[name].items())
    ]
    return Clearance(tuple(sorted(set(live) - set(target))), tuple(scale_downs))


def at_least(current: Replicas, wanted: Replicas) -> Replicas:
    """Workload by workload the larger number; workloads that are no longer wanted are left out."""
    return {key: max(current.get(key, 0), wanted[key]) for key in sorted(wanted)}


def _chunks(steps: Sequence[Step], size: int) -> list[Batch]:
    return [tuple(steps[start : start + size]) for start in range(0, len(steps), max(1, size))]
