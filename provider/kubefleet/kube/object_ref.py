"""Which object: the address that lists, messages and comparisons use."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class ObjectRef:
    """One object of a cluster. `namespace` is empty for cluster-scoped kinds; `uid` is empty while it is not known."""

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str = field(default="", compare=False)

    @property
    def group(self) -> str:
        """The API group, `""` for core. `apps/v1` and `apps/v1beta1` are one group."""
        group, slash, _ = self.api_version.partition("/")
        return group if slash else ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes it the same object whatever the version it is read in: group, kind, namespace, name."""
        return (self.group, self.kind, self.namespace, self.name)

    @property
    def owner_value(self) -> str:
        """`Kind/namespace/name`: what the owner annotation on the object itself says, and on no copy of it."""
        return f"{self.kind}/{self.namespace}/{self.name}"

    def with_uid(self, uid: str) -> "ObjectRef":
        """The same object, its uid known."""
        return replace(self, uid=uid)

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


def ref_of(manifest: Mapping[str, Any]) -> ObjectRef:
    """The address of a manifest or a live object. Raises ValueError when apiVersion, kind or name is missing."""
    metadata = manifest.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    api_version, kind, name = manifest.get("apiVersion"), manifest.get("kind"), metadata.get("name")
    for path, value in (("apiVersion", api_version), ("kind", kind), ("metadata.name", name)):
        if not isinstance(value, str) or not value:
            raise ValueError(f"{path}: {value!r} (expected a name)")
    return ObjectRef(
        str(api_version), str(kind), str(metadata.get("namespace") or ""), str(name), str(metadata.get("uid") or "")
    )


def union(*groups: tuple[ObjectRef, ...]) -> tuple[ObjectRef, ...]:
    """All objects, sorted, each once; a known uid wins over an unknown one, later groups over earlier ones."""
    found: dict[tuple[str, str, str, str], ObjectRef] = {}
    for group in groups:
        for ref in group:
            before = found.get(ref.key)
            found[ref.key] = ref if before is None or ref.uid else ref.with_uid(before.uid)
    return tuple(sorted(found.values()))


def without(refs: tuple[ObjectRef, ...], gone: tuple[ObjectRef, ...]) -> tuple[ObjectRef, ...]:
    """`refs` less those that `gone` names, by group, kind, namespace and name."""
    keys = {ref.key for ref in gone}
    return tuple(ref for ref in refs if ref.key not in keys)
