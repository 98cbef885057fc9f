"""The objects of a gang: where its pods may be, and the Job whose pods keep their room."""

from collections.abc import Mapping
from typing import Any, Final

from kubefleet.jobs.account import Shard
from kubefleet.jobs.shard_job import GENERATION, SHARD, WholeJob, shard_name
from kubefleet.model.selector import Expr

HOLD_LABEL: Final = "pulumi-kubefleet/placeholder-of"
"""The uid of the whole job, on the Jobs of placeholders and their pods."""
HOLD_CLASS: Final = "pulumi-kubefleet-placeholder"
_PRIORITY: Final = -10
"""Below pods of no class. Not lower: a cluster autoscaler adds no nodes for what is below its cut-off, which is −10."""
_NETWORK: Final = "kueue.x-k8s.io/podset-required-topology"
_LONGEST: Final = 63
_HOLD: Final = "-hold"
_AS_THE_PODS: Final = (
    "nodeSelector",
    "affinity",
    "tolerations",
    "topologySpreadConstraints",
    "runtimeClassName",
    "schedulerName",
    "resources",
    "hostNetwork",
)
_RESTRICTED: Final = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def network_of(template: Mapping[str, Any]) -> str | None:
    """The label of nodes of which the pods have to share a value, where the template says so, as Kueue reads it too."""
    pod = (template.get("spec") or {}).get("template") or {}
    found = ((pod.get("metadata") or {}).get("annotations") or {}).get(_NETWORK)
    return found if isinstance(found, str) and found else None


def hold_name(shard: str) -> str:
    """The name of the Job of placeholders for a shard of that name."""
    return shard[: _LONGEST - len(_HOLD)].rstrip("-.") + _HOLD


def confined(template: Mapping[str, Any], nodes: tuple[Expr, ...]) -> Mapping[str, Any]:
    """The template with its pods required to be on nodes for whose labels `nodes` hold, beside all that it says."""
    if not nodes:
        return template
    more = [{"key": expr.key, "operator": expr.operator.value, "values": list(expr.values)} for expr in nodes]
    spec = template.get("spec") or {}
    pod = (spec.get("template") or {}).get("spec") or {}
    affinity = pod.get("affinity") or {}
    near = affinity.get("nodeAffinity") or {}
    rule = "requiredDuringSchedulingIgnoredDuringExecution"
    terms = (near.get(rule) or {}).get("nodeSelectorTerms") or [{}]
    terms = [{**term, "matchExpressions": [*(term.get("matchExpressions") or ()), *more]} for term in terms]
    affinity = {**affinity, "nodeAffinity": {**near, rule: {"nodeSelectorTerms": terms}}}
    return {**template, "spec": {**spec, "template": {**spec["template"], "spec": {**pod, "affinity": affinity}}}}


def hold_class() -> dict[str, Any]:
    """The PriorityClass of placeholders: whoever needs their room gets it, and they take nobody's."""
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": HOLD_CLASS},
        "value": _PRIORITY,
        "preemptionPolicy": "Never",
        "description": "Pods that keep room for a gang until all of its clusters have it.",
    }


def hold_job(job: WholeJob, shard: Shard, seconds: int) -> dict[str, Any]:
    """The Job of a shard's placeholders: as many pods as it runs at once, to a scheduler the same as its own. They go
    with the shard, and after so many seconds by themselves, should nobody be left to remove them.

    A pod that was given a node keeps its room whether or not it starts; these never do: there is no such image.
    """
    whole = (job.template.get("spec") or {}).get("template") or {}
    pod, metadata = whole.get("spec") or {}, whole.get("metadata") or {}
    held = {key: [_idle(item) for item in pod[key]] for key in ("initContainers", "containers") if pod.get(key)}
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": shard_name(job, shard), "uid": shard.uid}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": hold_name(shard_name(job, shard)),
            "namespace": job.namespace,
            "labels": {HOLD_LABEL: job.uid},
            "annotations": {SHARD: shard.token, GENERATION: str(shard.generation)},
            "ownerReferences": [owner],
        },
        "spec": {
            "completions": shard.slots,
            "parallelism": shard.slots,
            # One that had to give way comes again.
            "backoffLimit": 2**31 - 1,
            "activeDeadlineSeconds": seconds,
            "ttlSecondsAfterFinished": 0,
            "template": {
                "metadata": {
                    # Affinities and spreads of the pods are about their labels, and webhooks look at annotations.
                    "labels": {**(metadata.get("labels") or {}), HOLD_LABEL: job.uid},
                    "annotations": dict(metadata.get("annotations") or {}),
                },
                "spec": {
                    **{key: pod[key] for key in _AS_THE_PODS if key in pod},
                    **held,
                    "priorityClassName": HOLD_CLASS,
                    "restartPolicy": "Never",
                    "terminationGracePeriodSeconds": 0,
                    "automountServiceAccountToken": False,
                },
            },
        },
    }


def _idle(container: Mapping[str, Any]) -> dict[str, Any]:
    """A container that takes the room of another, and never runs, also where a policy has every image pulled."""
    kept = {key: container[key] for key in ("name", "resources", "ports", "restartPolicy") if key in container}
    return {
        **kept,
        "image": "placeholder.invalid/none",
        "imagePullPolicy": "Never",
        "securityContext": _RESTRICTED,
    }
