"""What one cluster is to hold: the manifests with that cluster's replicas, and the capacity they take. Pure."""

from collections.abc import Mapping
from typing import Any

from immutabledict import immutabledict

from kubefleet.kube.inventory_object import InventoryBooking
from kubefleet.kube.member_apply import Wanted
from kubefleet.rollout.planner import Replicas
from kubefleet.spec.workload_cut import SCALABLE, cut_workload
from kubefleet.spec.workloads import parse_workloads


def wanted_on(
    manifests: Mapping[str, Mapping[str, Any]],
    revision: str,
    replicas: Replicas,
    labels: immutabledict[str, str] | None = None,
) -> Wanted:
    """All objects of a placement for a cluster that runs `replicas` of each workload."""
    objects, bookings = [], []
    for key in sorted(manifests):
        manifest = manifests[key]
        cut = cut_workload(manifest)
        if cut is not None:
            for workload in parse_workloads([cut], "", []):
                count = replicas.get(workload.key, workload.replicas)
                if cut["kind"] in SCALABLE:
                    manifest = {**manifest, "spec": {**manifest["spec"], "replicas": count}}
                bookings.append(
                    InventoryBooking(
                        workload=workload.key,
                        replicas=count,
                        requests=workload.pod.requests,
                        selector=_selector(manifest),
                        namespace=workload.namespace,
                        labels=labels or immutabledict(),
                    )
                )
        objects.append(manifest)
    return Wanted(revision, tuple(objects), tuple(bookings))


def _selector(manifest: Mapping[str, Any]) -> immutabledict[str, str]:
    """The labels by which a workload's pods are found; none for what names its pods itself."""
    selector = (manifest.get("spec") or {}).get("selector") or {}
    labels = selector.get("matchLabels", {}) if isinstance(selector, Mapping) else {}
    return immutabledict({name: str(labels[name]) for name in sorted(labels)})
