"""Properties that somebody has written down in a cluster: ClusterProperty objects in a member (KEP-2149,
`about.k8s.io`), ClusterProfiles on the hub (KEP-4322, `multicluster.x-k8s.io`).
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from immutabledict import immutabledict

from kubefleet.kube.connection import Connection
from kubefleet.kube.discovery import ApiResource
from kubefleet.kube.errors import ApiError, BadAnswer
from kubefleet.model.property import Flaw, Property, make_property

Properties = immutabledict[str, Property]
_PROPERTY: Final = "ClusterProperty"
_PROFILE: Final = "ClusterProfile"
_NAMES: Final = {
    _PROPERTY: "clusterproperties.about.k8s.io",
    _PROFILE: "clusterprofiles.multicluster.x-k8s.io",
}
"""Under which a property tells why none of a kind could be read."""


def read_cluster_properties(connection: Connection) -> Properties:
    """The ClusterProperty objects of a member, by name; none where it does not serve them. What a member refuses to
    tell costs these properties, not the member: it is the flaw of one.
    """
    resource = _served(connection, "about.k8s.io", _PROPERTY)
    if resource is None:
        return Properties()
    try:
        pairs = [_property_pair(item) for item in connection.list(resource.path())]
    except (ApiError, BadAnswer) as error:
        return _flawed(_PROPERTY, f"not read: {' '.join(str(error).split())[:200]}")
    return _properties(pairs, _PROPERTY)


def read_profiles(connection: Connection) -> Mapping[str, Properties]:
    """The properties of every ClusterProfile on the hub, by the profile's name; raises as `Connection` does.

    Names that two namespaces have are nobody's: their one property is a flaw that says so.
    """
    resource = _served(connection, "multicluster.x-k8s.io", _PROFILE)
    if resource is None:
        return {}
    found: dict[str, tuple[str, Properties]] = {}
    for item in connection.list(resource.path()):
        metadata = item.get("metadata") or {}
        name, namespace = str(metadata.get("name") or ""), str(metadata.get("namespace") or "")
        properties = _properties(_profile_pairs(item), _PROFILE)
        if name in found:
            namespace = ", ".join(sorted([*found[name][0].split(", "), namespace]))
            properties = _flawed(_PROFILE, f"namespaces {namespace} have a ClusterProfile `{name}` each")
        found[name] = namespace, properties
    return {name: found[name][1] for name in sorted(found)}


def read_profile(connection: Connection, namespace: str, name: str) -> Mapping[str, Any]:
    """One ClusterProfile of the hub. Raises ApiError 404 where there is none, and as `Connection` does."""
    resource = _served(connection, "multicluster.x-k8s.io", _PROFILE)
    if resource is None:
        what = "ClusterProfiles are not served"
        raise ApiError(connection.name, "discovery", 404, "KindNotServed", what, details={"kind": _PROFILE})
    return connection.get(resource.path(namespace, name))


def unread_profiles(why: str) -> Properties:
    """What a member has instead of its ClusterProfile's properties, where the hub could not be read."""
    return _flawed(_PROFILE, why)


def _served(connection: Connection, group: str, kind: str) -> ApiResource | None:
    """The kind in the last of the versions that are served: `v1` comes after `v1alpha1` and `v1beta1`."""
    served = [
        resource
        for resource in connection.apis().resources.values()
        if resource.kind == kind and resource.api_version.partition("/")[0] == group and resource.listable
    ]
    return max(served, key=lambda resource: _age(resource.api_version.partition("/")[2]), default=None)


def _age(version: str) -> tuple[bool, str]:
    return "alpha" not in version and "beta" not in version, version


def _property_pair(item: Mapping[str, Any]) -> tuple[str, object]:
    spec = item.get("spec")
    return str((item.get("metadata") or {}).get("name") or ""), spec.get("value") if isinstance(spec, Mapping) else None


def _profile_pairs(item: Mapping[str, Any]) -> list[tuple[str, object]]:
    status = item.get("status")
    written = status.get("properties") if isinstance(status, Mapping) else None
    rows = [row for row in written if isinstance(row, Mapping)] if isinstance(written, list) else []
    return [(str(row.get("name") or ""), row.get("value")) for row in rows]


def _properties(pairs: Iterable[tuple[str, object]], source: str) -> Properties:
    found = {name: make_property("" if value is None else value, source, name) for name, value in pairs if name}
    return Properties({name: found[name] for name in sorted(found)})


def _flawed(kind: str, why: str) -> Properties:
    return Properties({_NAMES[kind]: Property(Flaw(why), "", kind)})
