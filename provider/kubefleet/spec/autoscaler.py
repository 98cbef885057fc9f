"""Autoscalers among manifests: HorizontalPodAutoscalers and KEDA's ScaledObjects, and the workloads that they scale.

Whose replicas an autoscaler decides has none of ours: `spec.replicas` is left out of what is applied.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from kubefleet.model.autoscaled import Bounds
from kubefleet.spec.follower_kinds import group_of
from kubefleet.spec.mistakes import Mistake
from kubefleet.spec.workload_cut import WhenKnown, at_once, field_of


@dataclass(frozen=True, slots=True)
class _Fields:
    """Where a kind has its bounds, and what they are where they are left out (None: they may not be)."""

    least: str
    most: str
    default_least: int
    default_most: int | None


_KINDS = {
    ("autoscaling", "HorizontalPodAutoscaler"): _Fields("minReplicas", "maxReplicas", 1, None),
    ("keda.sh", "ScaledObject"): _Fields("minReplicaCount", "maxReplicaCount", 0, 100),
}


def target_of(manifest: Mapping[str, Any]) -> str | None:
    """The workload that an autoscaler scales, `Kind/namespace/name`; None for another kind, or one that cannot be read
    when the program runs.
    """
    if (group_of(manifest), manifest.get("kind")) not in _KINDS:
        return None
    target = field_of("scaleTargetRef", manifest.get("spec"))
    kind, name = field_of("kind", target) or "Deployment", field_of("name", target)
    if not isinstance(kind, str) or not isinstance(name, str):
        return None
    return f"{kind}/{manifest['metadata'].get('namespace', '')}/{name}"


def cut_bounds(manifests: Iterable[Mapping[str, Any]], when_known: WhenKnown = at_once) -> dict[str, dict[str, Any]]:
    """By workload, what its autoscaler among the manifests says: `{least, most}`, as it is written or by default."""
    found = {}
    for manifest in manifests:
        target = target_of(manifest)
        if target is not None:
            fields = _KINDS[group_of(manifest), manifest["kind"]]
            spec = manifest["spec"]
            bounds = {
                "least": when_known(spec, partial(_or_default, fields.least, fields.default_least)),
                "most": when_known(spec, partial(_or_default, fields.most, fields.default_most)),
            }
            found[target] = {key: value for key, value in bounds.items() if value is not None}
    return found


def parse_bounds(cut: Mapping[str, Any] | None, where: str, mistakes: list[Mistake]) -> Bounds | None:
    """The bounds of a workload that is autoscaled; None for one that is not, or after adding to `mistakes`."""
    if cut is None:
        return None
    least, most = cut.get("least"), cut.get("most")
    if isinstance(least, int) and isinstance(most, int) and 0 <= least <= most and most > 0:
        return Bounds(least, most)
    shown = f"{'nothing' if least is None else least}..{'nothing' if most is None else most}"
    message = f"its autoscaler's bounds are `{shown}` (expected a minimum, and a maximum of at least that and 1)."
    mistakes.append(Mistake(where, message))
    return None


def with_bounds(manifest: Mapping[str, Any], bounds: Bounds) -> dict[str, Any]:
    """The autoscaler with a cluster's part of its bounds."""
    fields = _KINDS[group_of(manifest), manifest["kind"]]
    return {**manifest, "spec": {**manifest["spec"], fields.least: bounds.least, fields.most: bounds.most}}


def _or_default(name: str, default: int | None, spec: Any) -> Any:
    value = field_of(name, spec)
    return default if value is None else value
