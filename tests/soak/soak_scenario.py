"""A rollout drawn from a seed: what runs, what changes, within which budget, and what breaks meanwhile."""

import copy
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kubefleet.kube import Connection
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.model.strategy import Share, SpreadUpdate
from kubefleet.rollout.task import Task

CLUSTERS = ("eu-1", "eu-2", "us-1")
CHANGES = ("image", "move", "move and image", "split", "scale")
FAULTS = ("kill -9", "API server", "pod", "slow")
LAB = "lab.pulumi-kubefleet"
ROLLING: tuple[Mapping[str, Any], ...] = (
    {},
    {"rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}},
    {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
    {"rollingUpdate": {"maxUnavailable": "30%", "maxSurge": "30%"}},
    {"type": "Recreate"},
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What breaks `at` so many seconds after the rollout began, where, and for how many seconds or milliseconds."""

    at: float
    kind: str
    cluster: str = ""
    extent: float = 0


@dataclass(frozen=True, slots=True)
class Scenario:
    """A workload `name`, from `before` to `after` (replicas by cluster). `unavailable` and `surge` are pods."""

    name: str
    kind: str
    own: Mapping[str, Any]
    before: Mapping[str, int]
    after: Mapping[str, int]
    new_image: bool
    unavailable: int
    surge: int
    as_minimum: bool = False
    pod_delays: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    @property
    def desired(self) -> int:
        """Pods at the end."""
        return sum(self.after.values())

    @property
    def least(self) -> int:
        """Pods that have to be available at any time."""
        return max(0, self.desired - self.unavailable)

    @property
    def most(self) -> int:
        """Pods that may be desired at any time."""
        return max(sum(self.before.values()), self.desired + self.surge)

    @property
    def strategy(self) -> SpreadUpdate:
        """As a user would write it: the one or the other way round."""
        minimum = Share(self.least) if self.as_minimum else None
        return SpreadUpdate(Share(self.unavailable), Share(self.surge), minimum, progress_deadline=90)

    def __str__(self) -> str:
        split = [" ".join(f"{name} {count}" for name, count in sorted(part.items())) for part in self._sides()]
        faults = ", ".join(f"{fault.kind} at {fault.at:.1f} s" for fault in self.faults) or "no fault"
        image = ", new image" if self.new_image else ""
        return f"{self.kind} {' -> '.join(split)}{image}; -{self.unavailable} +{self.surge} pods; {faults}"

    def _sides(self) -> tuple[Mapping[str, int], ...]:
        return (self.before,) if self.before == self.after else (self.before, self.after)


def draw(seed: int) -> Scenario:
    """The same for the same seed. Changes and faults take turns, so that a few seeds have them all."""
    dice = random.Random(seed)
    change = CHANGES[seed % len(CHANGES)]
    kind = "StatefulSet" if dice.random() < 0.25 else "Deployment"
    while True:
        before, after = _split(dice, change)
        own = {} if kind == "StatefulSet" else dice.choice(ROLLING)
        unavailable, surge = dice.choice([0, 1, 2, 3]), dice.choice([0, 1, 2, 3])
        image = "image" in change
        if (unavailable or surge) and (not image or _takes(kind, own, {**before, **after}) <= unavailable):
            break
    return Scenario(
        name=f"soak-{seed}",
        kind=kind,
        own=own,
        before=before,
        after=after,
        new_image=image,
        unavailable=unavailable,
        surge=surge,
        as_minimum=dice.random() < 0.5,
        pod_delays={
            f"{LAB}/start-after": f"{dice.randint(50, 400)}ms",
            f"{LAB}/ready-after": f"{dice.randint(50, 1200)}ms",
            f"{LAB}/stop-after": f"{dice.randint(50, 400)}ms",
        },
        faults=_faults(dice, seed),
    )


def _split(dice: random.Random, change: str) -> tuple[dict[str, int], dict[str, int]]:
    """Replicas by cluster before and after."""
    names = dice.sample(CLUSTERS, 3)
    counts = [dice.randint(2, 5), dice.randint(2, 5)]
    before = dict(zip(names, counts, strict=False))
    if change.startswith("move"):
        return before, {names[1]: counts[1], names[2]: counts[0]}
    if change == "split":
        return before, {names[0]: counts[1] + 1, names[1]: max(1, counts[0] - 1)}
    if change == "scale":
        return before, {name: max(1, count + dice.randint(-2, 3)) for name, count in before.items()}
    return before, before


def _takes(kind: str, own: Mapping[str, Any], replicas: Mapping[str, int]) -> int:
    """The most pods that an update takes down on one cluster, whatever part of its replicas is there."""
    if kind == "StatefulSet":
        return 1
    if own.get("type") == "Recreate":
        return max(replicas.values())
    given = (own.get("rollingUpdate") or {"maxUnavailable": "25%"})["maxUnavailable"]
    return given if isinstance(given, int) else max(replicas.values()) * int(given.rstrip("%")) // 100


def _faults(dice: random.Random, seed: int) -> tuple[Fault, ...]:
    """One kind for certain, by turns; the others now and then. The API server of one cluster at most is down."""
    kinds = [FAULTS[seed // len(CHANGES) % len(FAULTS)], *(kind for kind in FAULTS if dice.random() < 0.4)]
    if "API server" in kinds:
        kinds = ["API server", *(kind for kind in kinds if kind != "API server")]
    found = []
    for kind in kinds:
        extent = {"API server": dice.uniform(1, 4), "slow": dice.choice([50, 100, 150])}.get(kind, 0)
        found.append(Fault(round(dice.uniform(0.3, 5), 1), kind, dice.choice(CLUSTERS), extent))
    return tuple(sorted(found, key=lambda fault: fault.at))


def make_task(
    scenario: Scenario,
    connect: Callable[[str], Connection],
    *,
    changed: bool = True,
    show: Callable[[str], None] = lambda _: None,
) -> Task:
    """The rollout to what is `before`, without a budget, or to what is `changed`."""
    key = f"{scenario.kind}/default/{scenario.name}"
    target = scenario.after if changed else scenario.before
    revision = "two" if changed and scenario.new_image else "one"
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"revision": revision}}
    metadata = {"name": scenario.name, "namespace": "default"}
    return Task(
        identity=PlacementIdentity(f"50a{scenario.name.removeprefix('soak-'):0>13}", scenario.name, "shop", "test"),
        manifests={
            f"apps/v1/{key}": _workload(scenario, revision),
            f"v1/ConfigMap/default/{scenario.name}": {**settings, "metadata": metadata},
        },
        revision=revision,
        target={cluster: {key: count} for cluster, count in target.items()},
        members=CLUSTERS,
        strategy=scenario.strategy if changed else SpreadUpdate(Share(100), Share(100), progress_deadline=60),
        connect=connect,
        show=show,
        warn=show,
        had={cluster: {key: count} for cluster, count in scenario.before.items()} if changed else {},
    )


def _workload(scenario: Scenario, revision: str) -> dict[str, Any]:
    labels = {"app": scenario.name}
    container = {"name": "main", "image": f"soak:{revision}"}
    spec: dict[str, Any] = {
        "replicas": 1,
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels, "annotations": dict(scenario.pod_delays)},
            "spec": {"containers": [container]},
        },
    }
    if scenario.kind == "StatefulSet":
        spec["serviceName"] = scenario.name
    elif scenario.own:
        spec["strategy"] = copy.deepcopy(dict(scenario.own))
    metadata = {"name": scenario.name, "namespace": "default"}
    return {"apiVersion": "apps/v1", "kind": scenario.kind, "metadata": metadata, "spec": spec}
