"""What a manifest asks of nodes: cut out of the object by structure, then parsed.

Cutting copies only the leaves that a decision needs, untouched: a leaf may be a value that is not known yet, and no
other leaf of the manifest is ever looked at.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from immutabledict import immutabledict

from kubefleet.model.request import PodShape, Workload
from kubefleet.model.selector import Expr, Operator
from kubefleet.model.taint import Toleration
from kubefleet.spec.mistakes import Mistake
from kubefleet.spec.pod_requests import pod_requests

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
SCALABLE = frozenset({"Deployment", "ReplicaSet", "StatefulSet", "ReplicationController"})
_OF_POD_SPEC = ("overhead", "resources", "nodeSelector", "tolerations")
_GROUPS = frozenset({"v1", "apps/v1", "batch/v1"})
_NODE_OPERATORS = {
    "In": Operator.IN,
    "NotIn": Operator.NOT_IN,
    "Exists": Operator.EXISTS,
    "DoesNotExist": Operator.DOES_NOT_EXIST,
}


def is_scalable(manifest: Mapping[str, Any]) -> bool:
    """Whether its replicas are for the scheduler to decide: a workload of Kubernetes' own groups that has them."""
    return manifest.get("kind") in SCALABLE and manifest.get("apiVersion") in _GROUPS


def cut_workload(manifest: Mapping[str, Any]) -> dict[str, Any] | None:
    """The part of a manifest that scheduling reads, or None for an object without pods.

    Shape: `{kind, namespace, name, replicas?, pod: {containers, initContainers, overhead, ...}}` in the field names of
    Kubernetes.
    """
    kind = manifest.get("kind")
    if kind not in _POD_SPEC or manifest.get("apiVersion") not in _GROUPS:
        return None
    metadata = manifest.get("metadata", {})
    cut: dict[str, Any] = {"kind": kind, "namespace": metadata.get("namespace", ""), "name": metadata.get("name")}
    spec = manifest.get("spec")
    if kind in SCALABLE and isinstance(spec, Mapping) and spec.get("replicas") is not None:
        cut["replicas"] = spec["replicas"]
    pod: Any = manifest
    for step in _POD_SPEC[kind]:
        pod = pod.get(step) if isinstance(pod, Mapping) else pod
    if isinstance(pod, Mapping):
        cut["pod"] = _cut_pod(pod)
    elif pod is not None:
        cut["pod"] = pod
    return cut


def _cut_pod(pod: Mapping[str, Any]) -> dict[str, Any]:
    cut = {field: pod[field] for field in _OF_POD_SPEC if pod.get(field) is not None}
    for field, kept in (("containers", ("resources",)), ("initContainers", ("resources", "restartPolicy"))):
        containers = pod.get(field)
        if isinstance(containers, Sequence) and not isinstance(containers, str):
            cut[field] = [
                {key: container[key] for key in kept if key in container}
                if isinstance(container, Mapping)
                else container
                for container in containers
            ]
    affinity = pod.get("affinity")
    node_affinity = affinity.get("nodeAffinity") if isinstance(affinity, Mapping) else None
    if isinstance(node_affinity, Mapping):
        required = node_affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
        if required is not None:
            cut["nodeAffinity"] = required
    return cut


def parse_workloads(cuts: Sequence[Mapping[str, Any]], path: str, mistakes: list[Mistake]) -> tuple[Workload, ...]:
    """Workloads from what `cut_workload` cut; mistakes by path. All leaves must be known.

    With several scalable objects, one with a single replica is never divided; the only one always may be.
    """
    alone = sum(cut["kind"] in SCALABLE for cut in cuts) == 1
    workloads = []
    for cut in cuts:
        key = f"{cut['kind']}/{cut['namespace']}/{cut['name']}"
        where = f"{path}.manifests[{key}]"
        replicas = cut.get("replicas", 1) if cut["kind"] in SCALABLE | {"Pod"} else 0
        if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas < 0:
            mistakes.append(
                Mistake(f"{where}.spec.replicas", f"`{replicas}` is no count (expected a whole number >= 0).")
            )
            continue
        try:
            shape = _parse_pod(cut.get("pod", {}))
        except ValueError as error:
            mistakes.append(Mistake(where, f"{error}."))
            continue
        divisible = cut["kind"] in SCALABLE and (alone or replicas != 1)
        workloads.append(Workload(key, cut["namespace"], replicas, shape, divisible))
    return tuple(workloads)


def _parse_pod(pod: Mapping[str, Any]) -> PodShape:
    """Raises ValueError saying which part is wrong."""
    return PodShape(
        requests=pod_requests(pod),
        node_selector=immutabledict(
            {key: str(pod["nodeSelector"][key]) for key in sorted(pod.get("nodeSelector") or {})}
        ),
        node_affinity=_parse_node_affinity(pod.get("nodeAffinity")),
        tolerations=tuple(_parse_toleration(item) for item in pod.get("tolerations") or ()),
    )


def _parse_toleration(raw: Mapping[str, Any]) -> Toleration:
    return Toleration(
        key=raw.get("key", ""),
        operator=raw.get("operator", "Equal"),
        value=str(raw.get("value") or ""),
        effect=raw.get("effect", ""),
        seconds=raw.get("tolerationSeconds"),
    )


def _parse_node_affinity(raw: Mapping[str, Any] | None) -> tuple[tuple[Expr, ...], ...]:
    terms = []
    for term in (raw or {}).get("nodeSelectorTerms", ()):
        expressions = []
        for expression in term.get("matchExpressions", ()):
            operator = _NODE_OPERATORS.get(expression.get("operator"))
            if operator is None:
                # `Gt` and `Lt` compare node labels as integers; such a term only widens what may fit.
                continue
            values = tuple(str(value) for value in expression.get("values") or ())
            expressions.append(Expr(expression.get("key", ""), operator, values))
        terms.append(tuple(expressions))
    return tuple(terms)
