"""Manifests of a placement: files, folders, globs and dicts, loaded and checked, every mistake with file and line."""

import glob
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from kubefleet.spec.mistakes import Mistake, join
from kubefleet.spec.order_annotation import wave_of
from kubefleet.spec.yaml_file import load_yaml

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
_SUFFIXES = frozenset({".yaml", ".yml", ".json"})


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
    """
    mistakes: list[Mistake] = []
    found: list[ManifestObject] = []
    for index, source in enumerate(sources):
        where = join(path, "manifests", index)
        raw = [(source, where)] if isinstance(source, Mapping) else _from_files(str(source), where, base, mistakes)
        for value, place in raw:
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
    return tuple(found), mistakes


def _from_files(pattern: str, where: str, base: Path, mistakes: list[Mistake]) -> list[tuple[object, str]]:
    target = base / pattern
    if target.is_dir():
        files = sorted(file for file in target.rglob("*") if file.suffix in _SUFFIXES)
    elif glob.has_magic(pattern):
        files = sorted(Path(name) for name in glob.glob(str(target), recursive=True))  # noqa: PTH207 - Path.glob takes no absolute pattern
    else:
        files = [target]
    if not files:
        mistakes.append(Mistake(where, f"nothing matches `{pattern}` (expected YAML files). Check the path."))
    documents: list[tuple[object, str]] = []
    for file in files:
        wrong: list[Mistake] = []
        documents.extend((document.value, _shown(document.where(), base)) for document in load_yaml(file, wrong))
        mistakes.extend(Mistake(where, mistake.message, _shown(mistake.where, base)) for mistake in wrong)
    return documents


def _shown(where: str, base: Path) -> str:
    """A place relative to the program's folder, as the user wrote it."""
    return where.removeprefix(f"{base}/")


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
    key = f"{value['apiVersion']}/{value['kind']}/{scoped}/{metadata['name']}"
    return ManifestObject(key, {**value, "metadata": placed}, place) if len(mistakes) == before else None
