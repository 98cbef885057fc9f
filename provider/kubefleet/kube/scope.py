"""Whether a kind lives in namespaces is for the server to say: manifests are made to agree before anything is compared.

The owner annotation, the inventory object and a live object name the same address only if all of them leave out the
namespace of a cluster-scoped kind.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from kubefleet.kube.connection import Connection
from kubefleet.kube.object_ref import ObjectRef, ref_of

_CRD_GROUP = "apiextensions.k8s.io"


def scoped(connection: Connection, manifests: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """The manifests, without `metadata.namespace` where their kind is cluster-scoped: served so, or by a CRD that is
    among them. A kind that nobody knows yet is taken as it is written.
    """
    coming = dict(_scope_of_crd(manifest) for manifest in manifests if is_crd(manifest))
    found = []
    for manifest in manifests:
        ref = ref_of(manifest)
        namespaced = not ref.namespace or _is_namespaced(connection, ref, coming)
        found.append(manifest if namespaced else _without_namespace(manifest))
    return tuple(found)


def _without_namespace(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**manifest, "metadata": {key: value for key, value in manifest["metadata"].items() if key != "namespace"}}


def _is_namespaced(connection: Connection, ref: ObjectRef, coming: Mapping[tuple[str, str], bool]) -> bool:
    if (ref.group, ref.kind) in coming:
        return coming[ref.group, ref.kind]
    served = connection.resource_of(ref.api_version, ref.kind)
    return served is None or served.namespaced


def is_crd(manifest: Mapping[str, Any]) -> bool:
    """Whether it defines a kind."""
    ref = ref_of(manifest)
    return ref.group == _CRD_GROUP and ref.kind == "CustomResourceDefinition"


def _scope_of_crd(manifest: Mapping[str, Any]) -> tuple[tuple[str, str], bool]:
    """Group and kind that a CRD defines, and whether they are namespaced."""
    spec = manifest.get("spec") or {}
    kind = str((spec.get("names") or {}).get("kind", ""))
    return (str(spec.get("group", "")), kind), spec.get("scope") != "Cluster"
