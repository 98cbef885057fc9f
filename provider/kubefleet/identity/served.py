"""What a member serves, as far as rights need it: RBAC speaks of plurals, manifests of kinds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

CRD: Final = ("apiextensions.k8s.io", "CustomResourceDefinition")


class ServedKind(Protocol):
    """One kind in one version, as discovery tells of it."""

    @property
    def api_version(self) -> str:
        """`apps/v1`, or `v1` for core."""
        ...

    @property
    def kind(self) -> str:
        """`Deployment`."""
        ...

    @property
    def plural(self) -> str:
        """`deployments`."""
        ...

    @property
    def namespaced(self) -> bool:
        """Whether its objects live in namespaces."""
        ...


class Addressed(Protocol):
    """An object's address; `namespace` is empty where the kind has none."""

    @property
    def api_version(self) -> str:
        """`apps/v1`, or `v1` for core."""
        ...

    @property
    def kind(self) -> str:
        """`Deployment`."""
        ...

    @property
    def namespace(self) -> str:
        """Its namespace."""
        ...

    @property
    def name(self) -> str:
        """Its name."""
        ...


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind that is served, or will be once a CRD of the placement is there."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool


@dataclass(frozen=True, slots=True)
class Address:
    """Where an object stands."""

    api_version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


Kinds = Mapping[tuple[str, str], ServedKind]
"""By apiVersion and kind."""


def kinds_by_name(served: Iterable[ServedKind], objects: Iterable[Mapping[str, Any]]) -> Kinds:
    """What is served now, and what the CRDs among the objects will have served by the time it is needed."""
    coming = (kind for item in objects if (group_of(item), item.get("kind")) == CRD for kind in _defined(item))
    return {(found.api_version, found.kind): found for found in (*coming, *served)}


def address_of(manifest: Mapping[str, Any]) -> Address:
    """The address in a manifest, as it is written."""
    metadata = manifest.get("metadata") or {}
    return Address(
        str(manifest.get("apiVersion") or ""),
        str(manifest.get("kind") or ""),
        str(metadata.get("namespace") or ""),
        str(metadata.get("name") or ""),
    )


def group_of(item: Mapping[str, Any] | Addressed) -> str:
    """The API group of an object, empty for core."""
    version = str(item.get("apiVersion") or "") if isinstance(item, Mapping) else item.api_version
    group, slash, _ = version.partition("/")
    return group if slash else ""


def _defined(crd: Mapping[str, Any]) -> Iterable[Kind]:
    spec = crd.get("spec") or {}
    names = spec.get("names") or {}
    for version in spec.get("versions") or ():
        api_version = f"{spec.get('group')}/{version.get('name')}"
        yield Kind(api_version, str(names.get("kind")), str(names.get("plural")), spec.get("scope") != "Cluster")
