"""PodDisruptionBudgets among manifests, and the part of one that belongs to a cluster's part of the pods."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from kubefleet.spec.attached_objects import attachments
from kubefleet.spec.follower_kinds import group_of
from kubefleet.spec.named_objects import address_of

_BOUNDS: Final = ("minAvailable", "maxUnavailable")


def budgets_of(manifests: Iterable[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Budget -> the workloads whose pods it selects, both as `Kind/namespace/name`. Raises UnknownPartError."""
    found = list(manifests)
    here = {str(address_of(item)) for item in found if _is_budget(item)}
    return {
        str(each.object): tuple(str(workload) for workload in each.to)
        for each in attachments(found if here else ())
        if str(each.object) in here
    }


def with_part(manifest: Mapping[str, Any], here: int, whole: int) -> Mapping[str, Any]:
    """The budget of a cluster that has `here` of `whole` pods: of a minimum that part, rounded down, or evictions would
    be refused that the whole allows; of a maximum too, but at least 1. Percentages are of the cluster's own pods.
    """
    spec = manifest.get("spec") or {}
    parts = {key: spec[key] * here // whole for key in _BOUNDS if _is_count(spec.get(key)) and whole}
    if "maxUnavailable" in parts and spec["maxUnavailable"]:
        parts["maxUnavailable"] = max(1, parts["maxUnavailable"])
    return {**manifest, "spec": {**spec, **parts}} if parts else manifest


def bound_in(manifest: Mapping[str, Any]) -> str:
    """`minAvailable 5`; empty where it has none that can be read."""
    spec = manifest.get("spec") or {}
    return ", ".join(f"{key} {spec[key]}" for key in _BOUNDS if isinstance(spec.get(key), int | str))


def allows_none(manifest: Mapping[str, Any], pods: int) -> bool:
    """Whether no pod may be evicted though all are healthy: a node that is drained would wait for ever."""
    spec = manifest.get("spec") or {}
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    if pods == 0 or (least is None and most is None):
        return False
    # Kubernetes rounds both percentages up.
    return _count(least, pods) >= pods if least is not None else _count(most, pods) == 0


def _is_budget(manifest: Mapping[str, Any]) -> bool:
    return (group_of(manifest), manifest.get("kind")) == ("policy", "PodDisruptionBudget")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _count(value: object, pods: int) -> int:
    """An `IntOrString`; what cannot be read counts as neither none nor all."""
    if isinstance(value, int):
        return value
    percent = str(value).removesuffix("%")
    return -(-pods * int(percent) // 100) if percent.isdecimal() and str(value).endswith("%") else min(1, pods - 1)
