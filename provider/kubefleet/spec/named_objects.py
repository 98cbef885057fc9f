"""Which other objects a manifest names, read from the fields in which Kubernetes has such names.

For pods these are the fields that the API server's own visitors read (`VisitPodSecretNames`, `VisitPodConfigmapNames`
in kubernetes/pkg/api/v1/pod/util.go), with the classes, claims and accounts besides.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kubefleet.spec.follower_kinds import group_of
from kubefleet.spec.workload_cut import pod_path

RBAC = "rbac.authorization.k8s.io"
_ALWAYS_THERE = frozenset({("ServiceAccount", "default"), ("ConfigMap", "kube-root-ca.crt")})
_VOLUME_SECRETS = {
    "azureFile": "secretName",
    "cephfs": "secretRef",
    "cinder": "secretRef",
    "csi": "nodePublishSecretRef",
    "flexVolume": "secretRef",
    "iscsi": "secretRef",
    "rbd": "secretRef",
    "scaleIO": "secretRef",
    "secret": "secretName",
    "storageos": "secretRef",
}


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """An object by API group, kind, namespace (empty for cluster-scoped kinds) and name."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return "/".join(part for part in (self.kind, self.namespace, self.name) if part)


Names = Iterator[tuple[Address, bool]]
"""An object that is named, and whether the one that names it does without."""


class UnknownPartError(ValueError):
    """A part in which names may stand is not known when the program runs."""


def address_of(manifest: Mapping[str, Any]) -> Address:
    """Where an object stands."""
    metadata = manifest["metadata"]
    return Address(group_of(manifest), manifest["kind"], metadata.get("namespace", ""), metadata["name"])


def named_objects(manifest: Mapping[str, Any]) -> Names:
    """Every object that this one names, maybe several times. Raises UnknownPartError, saying where."""
    here = address_of(manifest)
    pod = pod_of(manifest)
    if pod is not None:
        yield from _named_by_pod(pod, here.namespace)
    if here.namespace:
        yield Address("", "Namespace", "", here.namespace), True
    reader = _READERS.get((here.group, here.kind))
    if reader is not None:
        yield from reader(manifest, here.namespace)


def pod_of(manifest: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The pod template of a workload: a mapping with metadata and spec; None for what has none."""
    path = pod_path(manifest)
    if path is None:
        return None
    part: Any = manifest
    for step in path[:-1]:
        part = mapping(part, step)
    return part if isinstance(part, Mapping) else None


def mapping(part: Any, field: str) -> Mapping[str, Any]:
    """A field that is a mapping, or is not there. Raises UnknownPartError for an Output."""
    found: Mapping[str, Any] = _checked(part, field, Mapping, {})
    return found


def items(part: Any, field: str) -> list[Any]:
    """A field that is a list, or is not there. Raises UnknownPartError for an Output."""
    return list(_checked(part, field, list | tuple, ()))


def text(part: Any, field: str) -> str:
    """A field that is a text, or is not there. Raises UnknownPartError for an Output."""
    return str(_checked(part, field, str, ""))


def _checked(part: Any, field: str, kind: Any, absent: Any) -> Any:
    value = part.get(field) if isinstance(part, Mapping) else None
    if value is None:
        return absent
    if not isinstance(value, kind):
        raise UnknownPartError(f"`{field}` is a value of type {type(value).__name__}")
    return value


def _named_by_pod(template: Mapping[str, Any], namespace: str) -> Names:
    pod = mapping(template, "spec")
    account = text(pod, "serviceAccountName") or text(pod, "serviceAccount") or "default"
    yield from _core("ServiceAccount", namespace, account)
    for secret in items(pod, "imagePullSecrets"):
        yield from _core("Secret", namespace, text(secret, "name"))
    for group, kind, field in (
        ("scheduling.k8s.io", "PriorityClass", "priorityClassName"),
        ("node.k8s.io", "RuntimeClass", "runtimeClassName"),
    ):
        if name := text(pod, field):
            yield Address(group, kind, "", name), name.startswith("system-")
    for field in ("containers", "initContainers", "ephemeralContainers"):
        for container in items(pod, field):
            yield from _named_by_container(container, namespace)
    for volume in items(pod, "volumes"):
        yield from _named_by_volume(volume, namespace)


def _named_by_container(container: Any, namespace: str) -> Names:
    for source in items(container, "envFrom"):
        yield from _keyed(source, "secretRef", "Secret", namespace)
        yield from _keyed(source, "configMapRef", "ConfigMap", namespace)
    for variable in items(container, "env"):
        value = mapping(variable, "valueFrom")
        yield from _keyed(value, "secretKeyRef", "Secret", namespace)
        yield from _keyed(value, "configMapKeyRef", "ConfigMap", namespace)


def _named_by_volume(volume: Any, namespace: str) -> Names:
    yield from _keyed(volume, "configMap", "ConfigMap", namespace)
    if claim := text(mapping(volume, "persistentVolumeClaim"), "claimName"):
        yield from _core("PersistentVolumeClaim", namespace, claim)
    for source in items(mapping(volume, "projected"), "sources"):
        yield from _keyed(source, "secret", "Secret", namespace)
        yield from _keyed(source, "configMap", "ConfigMap", namespace)
    for kind, field in _VOLUME_SECRETS.items():
        source = mapping(volume, kind)
        name = text(source, field) if field == "secretName" else text(mapping(source, field), "name")
        yield from _core("Secret", namespace, name, optional=bool(source.get("optional")))


def _keyed(part: Any, field: str, kind: str, namespace: str) -> Names:
    source = mapping(part, field)
    yield from _core(kind, namespace, text(source, "name"), optional=bool(source.get("optional")))


def _core(kind: str, namespace: str, name: str, *, optional: bool = False) -> Names:
    if name:
        yield Address("", kind, namespace, name), optional or (kind, name) in _ALWAYS_THERE


def _account(manifest: Mapping[str, Any], namespace: str) -> Names:
    for field in ("secrets", "imagePullSecrets"):
        for secret in items(manifest, field):
            yield from _core("Secret", namespace, text(secret, "name"))


def _binding(manifest: Mapping[str, Any], namespace: str) -> Names:
    role = mapping(manifest, "roleRef")
    kind, name = text(role, "kind"), text(role, "name")
    # Cluster roles are often Kubernetes' own.
    yield Address(RBAC, kind, namespace if kind == "Role" else "", name), kind != "Role"


def _stateful_set(manifest: Mapping[str, Any], namespace: str) -> Names:
    spec = mapping(manifest, "spec")
    yield from _core("Service", namespace, text(spec, "serviceName"))
    for claim in items(spec, "volumeClaimTemplates"):
        yield from _storage_class(claim)


def _storage_class(claim: Any, _namespace: str = "") -> Names:
    if name := text(mapping(claim, "spec"), "storageClassName"):
        yield Address("storage.k8s.io", "StorageClass", "", name), True


def _ingress(manifest: Mapping[str, Any], namespace: str) -> Names:
    for entry in items(mapping(manifest, "spec"), "tls"):
        yield from _core("Secret", namespace, text(entry, "secretName"))


_READERS: dict[tuple[str, str], Callable[[Mapping[str, Any], str], Names]] = {
    ("", "ServiceAccount"): _account,
    ("", "PersistentVolumeClaim"): _storage_class,
    (RBAC, "RoleBinding"): _binding,
    (RBAC, "ClusterRoleBinding"): _binding,
    ("apps", "StatefulSet"): _stateful_set,
    ("networking.k8s.io", "Ingress"): _ingress,
}
