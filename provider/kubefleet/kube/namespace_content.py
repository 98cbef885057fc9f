"""What a namespace still holds: it is deleted only when nothing is lost with it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError
from kubefleet.kube.object_ref import ObjectRef

# Kubernetes makes these in every namespace, or writes them about other objects.
_MADE_BY_KUBERNETES: Final = frozenset({("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")})
_BY_THE_WAY: Final = frozenset({"Event", "Endpoints", "EndpointSlice", "Lease", "PodMetrics"})


@dataclass(frozen=True, slots=True)
class Content:
    """`foreign` would be lost; `leaving` goes by itself (being deleted, or its owner is gone). Both sorted."""

    foreign: tuple[ObjectRef, ...]
    leaving: tuple[ObjectRef, ...]


def judge(items: Iterable[tuple[ObjectRef, Mapping[str, Any]]]) -> Content:
    """Sort what was listed, as `(reference, metadata)`. Pure.

    What a listed object owns is judged with its owner; what an object that is gone owned is about to be collected.
    """
    foreign, leaving = [], []
    for ref, metadata in items:
        if (ref.kind, ref.name) in _MADE_BY_KUBERNETES or ref.kind in _BY_THE_WAY:
            continue
        if metadata.get("deletionTimestamp") or metadata.get("ownerReferences"):
            leaving.append(ref)
        else:
            foreign.append(ref)
    return Content(tuple(sorted(foreign)), tuple(sorted(leaving)))


def namespace_content(connection: Connection, namespace: str) -> Content:
    """List everything of every served kind in it. Costs one request a kind.

    Raises ApiError, 403 when something may not be listed: then nobody knows whether it is empty.
    """
    return judge(_items(connection, namespace))


def _items(connection: Connection, namespace: str) -> Iterator[tuple[ObjectRef, Mapping[str, Any]]]:
    for resource in connection.namespaced_resources():
        try:
            for item in connection.list(resource.path(namespace)):
                metadata = item.get("metadata") or {}
                name = str(metadata.get("name"))
                yield ObjectRef(resource.api_version, resource.kind, namespace, name), metadata
        except ApiError as error:
            if error.status not in (404, 405):  # served in discovery, but not listable (metrics, reviews)
                raise
