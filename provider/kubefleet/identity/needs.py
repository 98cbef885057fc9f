"""Every request that the executor makes under a placement's identity: what a placement needs, and nothing else.

| object | request | why |
|---|---|---|
| each that is or was placed | get, patch, create, delete by name | looked at; server-side apply, also as a dry run, asks for `create` too where the object is not there; released, stopped and scaled by patch; pruned, replaced |
| at most 16 of the kinds below | list, watch by name | waiting until it is available; the rest is asked by GET |
| StatefulSets | delete pods by name: `<set>-<ordinal>` | pods that an update would wait for in vain |
| what makes pods | list pods in its namespace | which those are, and why a workload is not available |
| CronJobs | list jobs in its namespace | whether one still runs when the placement stops |
| claims that name a storage class | get that class by name | whether it binds before a pod is there |
| the Jobs of a job that is divided, and the ConfigMaps of their indexes | get, patch, create, delete by name, for so many generations; list jobs and pods in its namespace | applied, told how long they live, fenced; which there are, and whether a pod still runs |
| the inventory object and the kept revision | as each object | ConfigMap `<uid>` and Secret `<uid>.before` in `pulumi-kubefleet` |
| the namespace `pulumi-kubefleet` | get by name | it must be there: the join makes it |

Discovery, reviews of one's own access, `/version` and health need no grant: Kubernetes gives them to whoever is known.
No subresource is used: replicas are a field of the object, pods are deleted and not evicted. What is not granted and
not needed: whether a namespace or a CRD is empty (they stay, with a reason), autoscalers of others.
"""  # noqa: E501 - a table

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from kubefleet.identity.action import Action
from kubefleet.identity.served import Addressed, Kinds, ServedKind, group_of

HOME: Final = "pulumi-kubefleet"
"""The fleet's own namespace in a member."""
ON_EACH: Final = ("create", "delete", "get", "patch")
WATCHES: Final = 16
"""At most so many objects of a placement are watched at a time on one member."""
MAKES_PODS: Final[tuple[tuple[str, str], ...]] = (
    ("apps", "StatefulSet"),
    ("apps", "Deployment"),
    ("apps", "DaemonSet"),
    ("batch", "Job"),
    ("apps", "ReplicaSet"),
    ("", "ReplicationController"),
    ("batch", "CronJob"),
    ("", "Pod"),
)
_WATCHED: Final = (*(kind for kind in MAKES_PODS if kind[1] != "CronJob"), ("", "PersistentVolumeClaim"))
"""Kinds that become available by and by; those that take longest come first where there are too many."""


def actions_on(item: Addressed, kind: ServedKind) -> Iterator[Action]:
    """Those on any object."""
    namespace = item.namespace if kind.namespaced else ""
    for verb in ON_EACH:
        yield Action(verb, group_of(item), kind.plural, namespace, item.name)


def actions_of_stopping(items: Iterable[Addressed]) -> Iterator[Action]:
    """What else it takes to stop what was placed."""
    for item in items:
        if (group_of(item), item.kind) == ("batch", "CronJob"):
            yield Action("list", "batch", "jobs", item.namespace)


def actions_of_waiting(items: Sequence[Addressed], kinds: Kinds, most: int = WATCHES) -> Iterator[Action]:
    """What it takes to wait for what is placed, with at most so many watches."""
    for item in items:
        if (group_of(item), item.kind) in MAKES_PODS:
            yield Action("list", "", "pods", item.namespace)
    watched = [item for item in items if (group_of(item), item.kind) in _WATCHED]
    watched.sort(key=lambda item: (_WATCHED.index((group_of(item), item.kind)), item.namespace, item.name))
    for item in watched[:most]:
        for verb in ("list", "watch"):
            plural = kinds[item.api_version, item.kind].plural
            yield Action(verb, group_of(item), plural, item.namespace, item.name)


def actions_of_content(manifest: Mapping[str, Any], item: Addressed) -> Iterator[Action]:
    """What depends on what is written in a manifest."""
    spec = manifest.get("spec") or {}
    kind = (group_of(item), item.kind)
    if kind == ("apps", "StatefulSet"):
        first = int((spec.get("ordinals") or {}).get("start") or 0)
        replicas = spec.get("replicas")
        for ordinal in range(first, first + (1 if replicas is None else int(replicas))):
            yield Action("delete", "", "pods", item.namespace, f"{item.name}-{ordinal}")
    if kind == ("", "PersistentVolumeClaim") and spec.get("storageClassName"):
        yield Action("get", "storage.k8s.io", "storageclasses", "", str(spec["storageClassName"]))


def actions_of_job(group: str, plural: str, namespace: str, names: Iterable[str]) -> Iterator[Action]:
    """Those on the objects of a job that is divided, by their names."""
    yield Action("list", group, plural, namespace)
    yield Action("list", "", "pods", namespace)
    for name in names:
        for verb in ON_EACH:
            yield Action(verb, group, plural, namespace, name)
            yield Action(verb, "", "configmaps", namespace, name)


def actions_of_records(uid: str) -> Iterator[Action]:
    """On what a placement, by its uid, keeps of itself in a member."""
    for verb in ON_EACH:
        yield Action(verb, "", "configmaps", HOME, uid)
        yield Action(verb, "", "secrets", HOME, f"{uid}.before")
    yield Action("get", "", "namespaces", "", HOME)
