"""Objects that serve workloads and name them: services by selector, autoscalers by target, bindings by account."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kubefleet.spec.follower_kinds import is_follower
from kubefleet.spec.named_objects import RBAC, Address, address_of, items, mapping, pod_of, text

_BY_SELECTOR = {
    ("", "Service"): ("spec", "selector"),
    ("networking.k8s.io", "NetworkPolicy"): ("spec", "podSelector"),
    ("policy", "PodDisruptionBudget"): ("spec", "selector"),
}
_BY_TARGET = {
    ("autoscaling", "HorizontalPodAutoscaler"): "scaleTargetRef",
    ("autoscaling.k8s.io", "VerticalPodAutoscaler"): "targetRef",
    ("keda.sh", "ScaledObject"): "scaleTargetRef",
}
_BY_ACCOUNT = frozenset({(RBAC, "RoleBinding"), (RBAC, "ClusterRoleBinding")})
_OF_NAMESPACE = frozenset({("", "LimitRange"), ("", "ResourceQuota")})


@dataclass(frozen=True, slots=True)
class Attachment:
    """To which objects one is attached, and whether several placements may have it."""

    object: Address
    to: tuple[Address, ...]
    shared: bool


def attachments(manifests: Iterable[Mapping[str, Any]]) -> list[Attachment]:
    """Of all manifests those that serve others of them. Raises UnknownPartError, saying where."""
    everything = list(manifests)
    workloads = [(address_of(item), pod) for item in everything if (pod := pod_of(item)) is not None]
    found = []
    for item in everything:
        to = tuple(sorted(set(_served(item, workloads))))
        if to:
            found.append(Attachment(address_of(item), to, is_follower(item)))
    return found


def _served(manifest: Mapping[str, Any], workloads: list[tuple[Address, Mapping[str, Any]]]) -> Iterator[Address]:
    here = address_of(manifest)
    which, spec = (here.group, here.kind), manifest.get("spec")
    if which in _BY_SELECTOR:
        for address, pod in workloads:
            if address.namespace == here.namespace and _selects(manifest, which, pod):
                yield address
    elif which in _BY_TARGET:
        target = mapping(spec, _BY_TARGET[which])
        group = text(target, "apiVersion").rpartition("/")[0]
        kind = text(target, "kind") or "Deployment"
        yield Address(group or "apps", kind, here.namespace, text(target, "name"))
    elif which in _BY_ACCOUNT:
        for subject in items(manifest, "subjects"):
            if text(subject, "kind") == "ServiceAccount":
                namespace = text(subject, "namespace") or here.namespace
                yield Address("", "ServiceAccount", namespace, text(subject, "name"))
    elif which in _OF_NAMESPACE:
        yield from (address for address, _ in workloads if address.namespace == here.namespace)
    elif which == ("networking.k8s.io", "Ingress"):
        yield from _behind_ingress(spec, here.namespace)
    elif which == ("gateway.networking.k8s.io", "HTTPRoute"):
        for rule in items(spec, "rules"):
            for backend in items(rule, "backendRefs"):
                if text(backend, "kind") in {"", "Service"}:
                    yield Address("", "Service", text(backend, "namespace") or here.namespace, text(backend, "name"))


def _selects(manifest: Mapping[str, Any], which: tuple[str, str], pod: Mapping[str, Any]) -> bool:
    """Whether a selector takes the pods of a template, by the plain labels of both. Expressions are not read: what has
    some counts as selecting everything that its labels do.
    """
    outer, inner = _BY_SELECTOR[which]
    selector = mapping(mapping(manifest, outer), inner)
    wanted = selector if which == ("", "Service") else mapping(selector, "matchLabels")
    if which == ("", "Service") and not wanted:
        return False
    labels = mapping(mapping(pod, "metadata"), "labels")
    return all(labels.get(key) == value for key, value in wanted.items())


def _behind_ingress(spec: Any, namespace: str) -> Iterator[Address]:
    backends = [mapping(spec, "defaultBackend")]
    for rule in items(spec, "rules"):
        backends += [mapping(path, "backend") for path in items(mapping(rule, "http"), "paths")]
    for backend in backends:
        if name := text(mapping(backend, "service"), "name"):
            yield Address("", "Service", namespace, name)
