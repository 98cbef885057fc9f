"""Pods that an override makes larger, smaller, or fit for other nodes, where the scheduler counts with them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from immutabledict import immutabledict

from kubefleet.model.pod_rules import PodOn, PodRules
from kubefleet.model.request import Workload
from kubefleet.spec.workload_cuts import cut_workloads
from kubefleet.spec.workloads import parse_workloads

Manifests = Mapping[str, Mapping[str, Any]]


def with_overridden(workloads: Iterable[Workload], own: Mapping[str, Manifests]) -> tuple[Workload, ...]:
    """The workloads of a placement, each knowing what its pods are on those of the clusters in `own` (their manifests)
    where they are others. What cannot be read there is told elsewhere, and is as it is written.
    """
    found: dict[str, dict[str, PodOn]] = {}
    written = {workload.key: workload for workload in workloads}
    for cluster in sorted(own):
        for there in parse_workloads(cut_workloads(own[cluster].values()), "", []):
            if there.key in written and (pod := _pod_of(there)) != _pod_of(written[there.key]):
                found.setdefault(there.key, {})[cluster] = pod
    return tuple(
        replace(workload, rules=replace(workload.rules or PodRules(), on=immutabledict(found[key])))
        if key in found
        else workload
        for key, workload in written.items()
    )


def _pod_of(workload: Workload) -> PodOn:
    pod, rules = workload.pod, workload.rules or PodRules()
    return PodOn(rules.resources, pod.node_selector, pod.node_affinity, pod.tolerations)
