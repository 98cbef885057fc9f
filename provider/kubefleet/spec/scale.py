"""Kinds that can be scaled: where an object has its replicas.

Kubernetes' own workloads have them in `spec.replicas`. A custom resource has them where the scale sub-resource of its
CRD says (`specReplicasPath`): the CRD is among the manifests, or the object bears the path in an annotation.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from kubefleet.spec.follower_kinds import group_of

REPLICAS_PATH_ANNOTATION: Final = "pulumi-kubefleet/replicas-path"
"""Written by users, or by us from a CRD: `.spec.replicas`, as CRDs have it."""
SCALABLE: Final = frozenset({"Deployment", "ReplicaSet", "StatefulSet", "ReplicationController"})
_GROUPS = frozenset({"v1", "apps/v1"})


def replicas_path(manifest: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The fields that lead to an object's replicas; None for one that cannot be scaled."""
    if manifest.get("kind") in SCALABLE and manifest.get("apiVersion") in _GROUPS:
        return ("spec", "replicas")
    annotations = (manifest.get("metadata") or {}).get("annotations")
    path = annotations.get(REPLICAS_PATH_ANNOTATION) if isinstance(annotations, Mapping) else None
    return tuple(path.removeprefix(".").split(".")) if isinstance(path, str) and path.strip(".") else None


def replicas_in(manifest: Mapping[str, Any]) -> Any:
    """The replicas that an object has written; None where there are none, or it cannot be scaled."""
    part: Any = manifest
    for step in replicas_path(manifest) or ("",):
        part = part.get(step) if isinstance(part, Mapping) else None
    return part


def with_replicas(manifest: Mapping[str, Any], count: int | None) -> dict[str, Any]:
    """The object with these replicas; with None without any. It must be one that can be scaled."""
    return _changed(manifest, replicas_path(manifest) or (), count)


def _changed(part: Mapping[str, Any], path: tuple[str, ...], count: int | None) -> dict[str, Any]:
    step, rest = path[0], path[1:]
    if rest:
        inner = part.get(step)
        if count is None and not isinstance(inner, Mapping):
            return dict(part)
        return {**part, step: _changed(inner if isinstance(inner, Mapping) else {}, rest, count)}
    others = {key: value for key, value in part.items() if key != step}
    return others if count is None else {**others, step: count}


def paths_of_crds(manifests: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], str]:
    """`apiVersion` and kind -> the path of its replicas, for what the CRDs among these can scale."""
    found = {}
    for manifest in manifests:
        if (group_of(manifest), manifest.get("kind")) != ("apiextensions.k8s.io", "CustomResourceDefinition"):
            continue
        spec = manifest.get("spec")
        spec = spec if isinstance(spec, Mapping) else {}
        names, versions = spec.get("names"), spec.get("versions")
        kind = names.get("kind") if isinstance(names, Mapping) else None
        for version in versions if isinstance(versions, list) else ():
            resources = version.get("subresources") if isinstance(version, Mapping) else None
            scale = resources.get("scale") if isinstance(resources, Mapping) else None
            path = scale.get("specReplicasPath") if isinstance(scale, Mapping) else None
            if isinstance(path, str) and isinstance(kind, str):
                found[f"{spec.get('group')}/{version.get('name')}", kind] = path
    return found
