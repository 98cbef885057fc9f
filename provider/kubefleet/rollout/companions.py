"""What stands beside divided workloads and counts their pods: its part on each cluster. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from kubefleet.kube.object_ref import ref_of
from kubefleet.rollout.planner import Replicas
from kubefleet.spec.disruption_budget import allows_none, bound_in, budgets_of, with_part

Manifests = Mapping[str, Mapping[str, Any]]


def with_parts(manifests: Manifests, replicas: Replicas, target: Mapping[str, Replicas]) -> Manifests:
    """The manifests of a cluster that runs `replicas`, with its part of every disruption budget of what is divided over
    the `target`.
    """
    budgets = budgets_of(manifests.values())

    def part(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
        workloads = budgets.get(ref_of(manifest).owner_value, ())
        whole = _pods(workloads, target.values())
        return with_part(manifest, _pods(workloads, [replicas]), whole) if whole else manifest

    return {key: part(item) for key, item in manifests.items()} if budgets else manifests


def has_companions(manifests: Manifests) -> bool:
    """Whether a change of replicas on one cluster is one of objects on all."""
    return bool(budgets_of(manifests.values()))


def told(manifests: Manifests, target: Mapping[str, Replicas], *, divided: bool) -> tuple[list[str], list[str]]:
    """What a preview says: `budget web: minAvailable 5 on eu-1, minAvailable 4 on us-1`, and warnings of those that
    allow no eviction though all pods are healthy.
    """
    lines, warnings = [], []
    workloads = budgets_of(manifests.values())
    named = {ref_of(item).owner_value: item for item in manifests.values()}
    for name in sorted(workloads):
        each = named[name]
        parts = {}
        for cluster in sorted(target):
            here = _pods(workloads[name], [target[cluster]])
            whole = _pods(workloads[name], target.values())
            parts[cluster] = with_part(each, here, whole) if divided else each
            if allows_none(parts[cluster], here):
                bound = bound_in(parts[cluster])
                warnings.append(f"budget {each['metadata']['name']} allows no eviction on {cluster}: {bound} of {here}")
        if divided and any(part != each for part in parts.values()):
            shown = ", ".join(f"{bound_in(part)} on {cluster}" for cluster, part in parts.items())
            lines.append(f"budget {each['metadata']['name']}: {shown}")
    return lines, warnings


def _pods(workloads: Iterable[str], replicas: Iterable[Replicas]) -> int:
    names = tuple(workloads)
    return sum(each.get(name, 0) for each in replicas for name in names)
