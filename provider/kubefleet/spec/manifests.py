"""Manifests of a placement: files, folders, globs and dicts, loaded and checked, every mistake with file and line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

from kubefleet.spec.manifest_source import values_of
from kubefleet.spec.mistakes import Mistake, join
from kubefleet.spec.order_annotation import wave_of
from kubefleet.spec.scale import REPLICAS_PATH_ANNOTATION, paths_of_crds

_CLUSTER_SCOPED = frozenset(
    {
        "APIService",
        "CSIDriver",
        "CSINode",
        "CertificateSigningRequest",
        "ClusterRole",
        "ClusterRoleBinding",
        "ClusterTrustBundle",
        "CustomResourceDefinition",
        "DeviceClass",
        "FlowSchema",
        "IPAddress",
        "IngressClass",
        "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "PriorityLevelConfiguration",
        "ResourceSlice",
        "RuntimeClass",
        "ServiceCIDR",
        "StorageClass",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
        "VolumeAttributesClass",
    }
)
"""Of Kubernetes' own groups; for custom resources the server is asked before they are applied."""
_PROTECTED = frozenset({"kube-system", "kube-public", "kube-node-lease", "pulumi-kubefleet"})
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True, slots=True)
class ManifestObject:
    """One object: `key` is `apiVersion/Kind/namespace/name`, `where` is `web.yaml:12` or the argument's path."""

    key: str
    object: Mapping[str, Any]
    where: str


def load_manifests(
    sources: Sequence[str | PathLike[str] | Mapping[str, Any]],
    *,
    path: str,
    base: Path,
    namespace: str | None = None,
    allow_namespaces: Sequence[str] = (),
) -> tuple[tuple[ManifestObject, ...], list[Mistake]]:
    """Every object of the sources, in their order, and every mistake in them.

    Lists (`kind: List`) are opened. Objects of namespaced kinds that name no namespace get `namespace`, or `default`.
    What `kubectl apply` has written into an object's annotations is left out. Custom resources that a CRD among the
    objects can scale get the path of their replicas as an annotation.
    """
    mistakes: list[Mistake] = []
    found: list[ManifestObject] = []
    for index, source in enumerate(sources):
        where = join(path, "manifests", index)
        for value, place in values_of(source, where, base, mistakes):
            for item in _opened(value):
                checked = _check(item, place, where, namespace or "default", frozenset(allow_namespaces), mistakes)
                if checked is not None:
                    found.append(checked)
    first: dict[str, str] = {}
    for item in found:
        if item.key in first:
            message = f"`{item.key}` is there twice (first at {first[item.key]}). Remove one of the two."
            mistakes.append(Mistake(join(path, "manifests"), message, item.where))
        first.setdefault(item.key, item.where)
    paths = paths_of_crds(item.object for item in found)
    return tuple(_with_path(item, paths) for item in found) if paths else tuple(found), mistakes


def _with_path(item: ManifestObject, paths: Mapping[tuple[str, str], str]) -> ManifestObject:
    """A custom resource that can be scaled, with the path of its replicas as an annotation."""
    path = paths.get((item.object["apiVersion"], item.object["kind"]))
    annotations = item.object["metadata"].get("annotations") or {}
    if path is None or not isinstance(annotations, Mapping):
        return item
    metadata = {**item.object["metadata"], "annotations": {REPLICAS_PATH_ANNOTATION: path, **annotations}}
    return replace(item, object={**item.object, "metadata": metadata})


def _opened(value: object) -> list[object]:
    if isinstance(value, Mapping) and value.get("kind") == "List" and isinstance(value.get("items"), list):
        return list(value["items"])
    return [value]


def _check(
    value: object, place: str, path: str, namespace: str, allowed: frozenset[str], mistakes: list[Mistake]
) -> ManifestObject | None:
    before = len(mistakes)

    def wrong(message: str) -> None:
        mistakes.append(Mistake(path, message, "" if place == path else place))

    if not isinstance(value, Mapping):
        wrong("this is no Kubernetes object (expected a mapping with apiVersion, kind and metadata).")
        return None
    metadata = value.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    if "generateName" in metadata:
        wrong("`metadata.generateName` would make a new object at every run (expected `metadata.name`). Name it.")
    named = {"apiVersion": value.get("apiVersion"), "kind": value.get("kind"), "metadata.name": metadata.get("name")}
    for field, text in named.items():
        if (not isinstance(text, str) or not text) and not (field == "metadata.name" and "generateName" in metadata):
            wrong(f"`{field}` is no plain text (expected one that is known when the program runs).")
    given = metadata.get("namespace")
    if given is not None and not isinstance(given, str):
        wrong("`metadata.namespace` is no plain text (expected one that is known when the program runs).")
    annotations = metadata.get("annotations")
    try:
        wave_of(annotations if isinstance(annotations, Mapping) else {})
    except ValueError as error:
        wrong(f'{error}. Write one in quotes, such as "-1".')
    if len(mistakes) > before:
        return None
    scoped = "" if value["kind"] in _CLUSTER_SCOPED else given or namespace
    for name in {scoped, metadata["name"] if value["kind"] == "Namespace" else ""} & (_PROTECTED - allowed):
        wrong(
            f"`{value['kind']}/{metadata['name']}` touches namespace `{name}` "
            f"(expected one of your own). Add it to allow_namespaces if you mean it."
        )
    placed = {key: item for key, item in metadata.items() if key != "namespace"} | (
        {"namespace": scoped} if scoped else {}
    )
    if isinstance(annotations, Mapping):
        placed["annotations"] = without_last_applied(annotations)
    key = f"{value['apiVersion']}/{value['kind']}/{scoped}/{metadata['name']}"
    return ManifestObject(key, {**value, "metadata": placed}, place) if len(mistakes) == before else None


def without_last_applied(annotations: Mapping[str, Any]) -> dict[str, Any]:
    """Annotations without kubectl's copy of the whole object, which holds a Secret's values once more, in clear."""
    return {key: value for key, value in annotations.items() if key != _LAST_APPLIED}
