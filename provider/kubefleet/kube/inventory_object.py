"""The inventory object: the list, kept in the member cluster, of what one placement applied there.

A ConfigMap `<uid>` in namespace `pulumi-kubefleet` with one key `inventory.json`. It is written before the first apply,
so that everything is found again, also when `up` died before its own state was written.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from immutabledict import immutabledict

from kubefleet.kube.object_ref import ObjectRef
from kubefleet.model.affinity import Affinity, PlacementSelector
from kubefleet.model.amounts import NOTHING, Amounts

NAMESPACE: Final = "pulumi-kubefleet"
KIND_LABEL: Final = "pulumi-kubefleet/kind"
KEY: Final = "inventory.json"
SCHEMA: Final = 1


@dataclass(frozen=True, slots=True)
class InventoryBooking:
    """The capacity that one workload of the placement takes on this cluster.

    `workload` is `Kind/namespace/name`, `requests` are one pod's, `selector` finds its pods in `namespace`. The
    `labels` and `apart`, its anti-affinities as other stacks read them, are the placement's.
    """

    workload: str
    replicas: int
    requests: Amounts = NOTHING
    selector: immutabledict[str, str] = field(default_factory=immutabledict)
    namespace: str = ""
    labels: immutabledict[str, str] = field(default_factory=immutabledict)
    apart: tuple[Affinity, ...] = ()


@dataclass(frozen=True, slots=True)
class InventoryObject:
    """What one placement has on one cluster. `revision` is live entirely only when `completed`; else it is on its way.

    `cluster` is the uid of the cluster's kube-system namespace: a name that suddenly means another cluster shows.
    `previous` is the last revision that was completed before this one. `orphan`: when the placement is removed its
    objects stay. `finished` are Jobs of this revision (`namespace/name`) that have run to their end and that Kubernetes
    removes by itself. `resource_version` is empty before it is stored.
    """

    uid: str
    placement: str
    fleet: str
    stack: str
    cluster: str
    revision: str
    operator: str = ""
    previous: str = ""
    completed: bool = False
    objects: tuple[ObjectRef, ...] = ()
    bookings: tuple[InventoryBooking, ...] = ()
    schema: int = SCHEMA
    resource_version: str = ""
    orphan: bool = False
    finished: tuple[str, ...] = ()


def parse_inventory_object(configmap: Mapping[str, Any]) -> InventoryObject:
    """The inventory object that a ConfigMap holds.

    Raises ValueError for one that is malformed or of a schema newer than this package knows.
    """
    metadata = _mapping(configmap.get("metadata"), "metadata")
    name = str(metadata.get("name") or "?")
    try:
        text = _mapping(configmap.get("data"), "data").get(KEY)
        if not isinstance(text, str):
            raise ValueError(f"no key `{KEY}` (expected JSON of schema {SCHEMA})")
        content = _mapping(json.loads(text), KEY)
        schema = _integer(content, "schema")
        if schema > SCHEMA:
            raise ValueError(f"schema {schema} (expected at most {SCHEMA}). Use a newer version of pulumi-kubefleet")
        found = InventoryObject(
            uid=_string(content, "uid"),
            placement=_string(content, "placement"),
            fleet=_string(content, "fleet"),
            stack=_string(content, "stack"),
            cluster=_string(content, "cluster"),
            revision=_string(content, "revision"),
            operator=_string(content, "operator", ""),
            previous=_string(content, "previous", ""),
            completed=content.get("completed") is True,
            objects=tuple(sorted(_object_ref(item) for item in _list(content, "objects"))),
            bookings=tuple(_booking(item) for item in _list(content, "bookings")),
            schema=schema,
            resource_version=str(metadata.get("resourceVersion") or ""),
            orphan=content.get("orphan") is True,
            finished=tuple(sorted(str(name) for name in _list(content, "finished"))),
        )
    except ValueError as error:
        raise ValueError(f"inventory object `{name}`: {error}") from error
    if found.uid != name:
        raise ValueError(f"inventory object `{name}`: uid `{found.uid}` (expected its own name)")
    return found


def format_inventory_object(inventory: InventoryObject) -> dict[str, Any]:
    """The ConfigMap that holds it; the same value always gives the same bytes."""
    content = {
        "schema": inventory.schema,
        "uid": inventory.uid,
        "placement": inventory.placement,
        "fleet": inventory.fleet,
        "stack": inventory.stack,
        "operator": inventory.operator,
        "cluster": inventory.cluster,
        "revision": inventory.revision,
        "previous": inventory.previous,
        "completed": inventory.completed,
        "objects": [_object_json(ref) for ref in sorted(inventory.objects)],
        "bookings": [_booking_json(item) for item in sorted(inventory.bookings, key=lambda item: item.workload)],
    }
    if inventory.orphan:
        content["orphan"] = True
    if inventory.finished:
        content["finished"] = list(inventory.finished)
    metadata: dict[str, Any] = {"name": inventory.uid, "namespace": NAMESPACE, "labels": {KIND_LABEL: "inventory"}}
    if inventory.resource_version:
        metadata["resourceVersion"] = inventory.resource_version
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {KEY: text}}


def _object_json(ref: ObjectRef) -> dict[str, str]:
    return {
        "apiVersion": ref.api_version,
        "kind": ref.kind,
        "namespace": ref.namespace,
        "name": ref.name,
        "uid": ref.uid,
    }


def _booking_json(item: InventoryBooking) -> dict[str, Any]:
    return {
        "workload": item.workload,
        "replicas": item.replicas,
        "requests": dict(item.requests),
        "selector": dict(item.selector),
        "namespace": item.namespace,
        "labels": dict(item.labels),
        "apart": [
            {
                "names": list(rule.placements.names),
                "labels": dict(rule.placements.labels),
                "topologyKey": rule.key,
                "weight": rule.weight,
            }
            for rule in item.apart
        ],
    }


def _object_ref(item: object) -> ObjectRef:
    content = _mapping(item, "objects")
    return ObjectRef(
        _string(content, "apiVersion"),
        _string(content, "kind"),
        _string(content, "namespace", ""),
        _string(content, "name"),
        _string(content, "uid", ""),
    )


def _booking(item: object) -> InventoryBooking:
    content = _mapping(item, "bookings")
    requests = _mapping(content.get("requests", {}), "requests")
    return InventoryBooking(
        workload=_string(content, "workload"),
        replicas=_integer(content, "replicas"),
        requests=immutabledict({key: _integer(requests, key) for key in sorted(requests)}),
        selector=_labels(content, "selector"),
        namespace=_string(content, "namespace", ""),
        labels=_labels(content, "labels"),
        apart=tuple(_rule(rule) for rule in _list(content, "apart")),
    )


def _rule(item: object) -> Affinity:
    content = _mapping(item, "apart")
    names = tuple(str(name) for name in _list(content, "names"))
    selector = PlacementSelector(names, tuple(_labels(content, "labels").items()))
    return Affinity(selector, _string(content, "topologyKey"), _integer(content, "weight"))


def _labels(content: Mapping[str, Any], key: str) -> immutabledict[str, str]:
    labels = _mapping(content.get(key, {}), key)
    return immutabledict({name: _string(labels, name) for name in sorted(labels)})


def _mapping(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{what}: {type(value).__name__} (expected an object)")
    return value


def _list(content: Mapping[str, Any], key: str) -> list[Any]:
    value = content.get(key, [])
    if not isinstance(value, list):
        raise ValueError(f"{key}: {type(value).__name__} (expected a list)")
    return value


def _string(content: Mapping[str, Any], key: str, default: str | None = None) -> str:
    value = content.get(key, default)
    if not isinstance(value, str):
        raise ValueError(f"{key}: {type(value).__name__} (expected a string)")
    return value


def _integer(content: Mapping[str, Any], key: str) -> int:
    value = content.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{key}: {value!r} (expected a whole number, at least 0)")
    return value
