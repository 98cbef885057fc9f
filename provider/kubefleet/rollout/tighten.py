"""A smaller `maxUnavailable` for Deployments whose own would take down more than a budget ever has. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from kubefleet.kube.object_ref import ref_of
from kubefleet.rollout.planner import Replicas
from kubefleet.rollout.pods import at_once
from kubefleet.rollout.spread_planner import Goal

Manifests = Mapping[str, Mapping[str, Any]]


def tightened(manifests: Manifests, goal: Goal) -> Manifests:
    """The manifests, with the Deployments' own strategies bounded where the goal's strategy says so. `Recreate` takes
    all down, and a StatefulSet at least one: these stay as they are.
    """
    if not goal.strategy.tighten:
        return manifests
    spare = {key: desired - goal.strategy.budget(key, desired).min_available for key, desired in goal.desired.items()}
    return {
        name: _bounded(item, spare[key], _most(goal.target.values(), key))
        if (key := ref_of(item).owner_value) in spare and item.get("kind") == "Deployment"
        else item
        for name, item in manifests.items()
    }


def _most(targets: Iterable[Replicas], key: str) -> int:
    """The most replicas that any cluster is to have."""
    return max((replicas.get(key, 0) for replicas in targets), default=0)


def _bounded(manifest: Mapping[str, Any], spare: int, replicas: int) -> Mapping[str, Any]:
    spec = manifest.get("spec") or {}
    strategy = spec.get("strategy") or {}
    if strategy.get("type") == "Recreate" or at_once(manifest, replicas) <= spare:
        return manifest
    rolling = {**(strategy.get("rollingUpdate") or {}), "maxUnavailable": spare}
    if spare == 0 and not _surges(rolling.get("maxSurge")):
        # With neither the API server refuses it.
        rolling["maxSurge"] = 1
    return {**manifest, "spec": {**spec, "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling}}}


def _surges(surge: object) -> bool:
    """Whether a `maxSurge` (25 % where none is written) comes to a pod: percentages are rounded up."""
    return surge is None or str(surge).removesuffix("%") != "0"
