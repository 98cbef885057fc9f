"""What a manifest asks of nodes, cut out of the object by structure.

Cutting copies only the leaves that a decision needs, untouched: a leaf may be a value that is not known yet, and no
other leaf of the manifest is ever looked at. Where a whole part of the manifest is not known yet, the caller says how
the cut goes on when it is.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from kubefleet.spec.scale import SCALABLE, replicas_path

Cut = Callable[[Any], Any]
WhenKnown = Callable[[Any, Cut], Any]
_POD_SPEC = {
    "Pod": ("spec",),
    "Deployment": ("spec", "template", "spec"),
    "ReplicaSet": ("spec", "template", "spec"),
    "StatefulSet": ("spec", "template", "spec"),
    "DaemonSet": ("spec", "template", "spec"),
    "ReplicationController": ("spec", "template", "spec"),
    "Job": ("spec", "template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
_OF_POD_SPEC = (
    "overhead",
    "resources",
    "nodeSelector",
    "tolerations",
    "topologySpreadConstraints",
    "runtimeClassName",
    "priorityClassName",
    "schedulerName",
    "activeDeadlineSeconds",
    "resourceClaims",
    "hostNetwork",
)
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_CLAIMS = {
    "claims": frozenset({"persistentVolumeClaim", "ephemeral"}),
    "data": frozenset({"persistentVolumeClaim"}),
}
"""Volumes that a node may not reach, and those that outlive the pod."""
_GROUPS = frozenset({"v1", "apps/v1", "batch/v1"})


def at_once(part: Any, cut: Cut) -> Any:
    """For parts that are all known."""
    return cut(part)


def scales(cut: Mapping[str, Any]) -> bool:
    """Whether the replicas of what was cut are for the scheduler to decide."""
    return cut["kind"] in SCALABLE or "scaled" in cut


def pod_path(manifest: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The fields that lead to the spec of a workload's pods; None for an object without pods.

    A custom resource that has containers where a Deployment has them counts as one with pods.
    """
    if manifest.get("kind") in _POD_SPEC and manifest.get("apiVersion") in _GROUPS:
        return _POD_SPEC[str(manifest["kind"])]
    part: Any = manifest
    for step in _POD_SPEC["Deployment"]:
        part = part.get(step) if isinstance(part, Mapping) else None
    return _POD_SPEC["Deployment"] if isinstance(part, Mapping) and "containers" in part else None


def cut_workload(manifest: Mapping[str, Any], when_known: WhenKnown = at_once) -> dict[str, Any] | None:
    """The part of a manifest that scheduling reads, or None for an object without pods.

    Shape: `{kind, namespace, name, replicas?, scaled?, pod?: {labels, containers, initContainers, overhead, ...}}` in
    the field names of Kubernetes; a custom resource is `scaled`. `when_known(part, cut)` is called at every part on the
    way to these leaves: it returns `cut(part)`, or what stands for it while the part is not known.
    """
    kind = manifest.get("kind")
    path, replicas_at = pod_path(manifest), replicas_path(manifest)
    own = kind in _POD_SPEC and manifest.get("apiVersion") in _GROUPS
    if not own and replicas_at is None:
        return None
    metadata = manifest.get("metadata", {})
    cut: dict[str, Any] = {"kind": kind, "namespace": metadata.get("namespace", ""), "name": metadata.get("name")}
    if not own:
        cut["scaled"] = True
    if replicas_at is not None:
        replicas: Any = manifest
        for step in replicas_at:
            replicas = when_known(replicas, partial(field_of, step))
        if replicas is not None:
            cut["replicas"] = replicas
    if path is None:
        return cut
    template: Any = manifest
    for step in path[:-1]:
        template = when_known(template, partial(_step, step))
    pod = when_known(template, partial(_cut_template, when_known))
    if pod is not None:
        cut["pod"] = pod
    if own and kind == "StatefulSet":
        claims = when_known(manifest.get("spec"), partial(field_of, "volumeClaimTemplates"))
        claims = when_known(claims, lambda templates: True if templates else None)
        if claims is not None:
            cut["claims"] = claims
    return cut


def field_of(name: str, part: Any) -> Any:
    """A field of a mapping; None of anything else."""
    return part.get(name) if isinstance(part, Mapping) else None


def _step(name: str, part: Any) -> Any:
    """The next part; one that is no mapping is handed on as it is, for the parser to complain about."""
    return part.get(name) if isinstance(part, Mapping) else part


def _cut_template(when_known: WhenKnown, template: Any) -> Any:
    """The spec of a pod template, with the labels of its pods among its fields."""
    if not isinstance(template, Mapping):
        return template
    labels = when_known(template.get("metadata"), partial(field_of, "labels"))
    return when_known(template.get("spec"), partial(_cut_pod, when_known, labels))


def _cut_pod(when_known: WhenKnown, labels: Any, pod: Any) -> Any:
    if not isinstance(pod, Mapping):
        return pod
    cut = {field: pod[field] for field in _OF_POD_SPEC if pod.get(field) is not None}
    if labels is not None:
        cut["labels"] = labels
    # With the node's own network every port is one of the node's.
    own = pod.get("hostNetwork") in (None, False)
    for field, kept in (("containers", ("resources",)), ("initContainers", ("resources", "restartPolicy"))):
        containers = when_known(pod.get(field), partial(_cut_containers, when_known, kept, own))
        if containers is not None:
            cut[field] = containers
    for kind in ("nodeAffinity", "podAffinity", "podAntiAffinity"):
        affinity = when_known(pod.get("affinity"), partial(field_of, kind))
        required = when_known(affinity, partial(field_of, _REQUIRED))
        if required is not None:
            cut[kind] = required
    for field, kinds in _CLAIMS.items():
        claims = when_known(pod.get("volumes"), partial(_any_of, kinds))
        if claims is not None:
            cut[field] = claims
    return cut


def _any_of(kinds: frozenset[str], volumes: Any) -> bool | None:
    there = isinstance(volumes, Sequence) and not isinstance(volumes, str)
    found = there and any(isinstance(item, Mapping) and not kinds.isdisjoint(item) for item in volumes)
    return True if found else None


def _cut_containers(when_known: WhenKnown, kept: tuple[str, ...], own: bool, containers: Any) -> list[Any] | None:
    if not isinstance(containers, Sequence) or isinstance(containers, str):
        return None
    return [when_known(container, partial(_cut_container, when_known, kept, own)) for container in containers]


def _cut_container(when_known: WhenKnown, kept: tuple[str, ...], own: bool, container: Any) -> Any:
    """`own` is whether the pod has a network of its own: then only ports of the node matter."""
    if not isinstance(container, Mapping):
        return container
    cut = {key: container[key] for key in kept if key in container}
    ports = when_known(container.get("ports"), partial(_cut_ports, own))
    if ports is not None:
        cut["ports"] = ports
    return cut


def _cut_ports(own: bool, ports: Any) -> Any:
    if not isinstance(ports, Sequence) or isinstance(ports, str):
        return None
    of_node = [port for port in ports if not own or not isinstance(port, Mapping) or port.get("hostPort")]
    return of_node or None
