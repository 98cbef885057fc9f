"""What one cluster is to hold: the manifests with that cluster's replicas, and the capacity they take. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from immutabledict import immutabledict

from kubefleet.kube.inventory_object import InventoryBooking
from kubefleet.kube.member_apply import Wanted
from kubefleet.model.affinity import Affinity
from kubefleet.model.autoscaled import Bounds
from kubefleet.rollout.planner import Replicas
from kubefleet.spec.autoscaler import cut_bounds, target_of, with_bounds
from kubefleet.spec.scale import with_replicas
from kubefleet.spec.workload_cut import cut_workload, scales
from kubefleet.spec.workloads import parse_workloads


@dataclass(frozen=True, slots=True)
class KnownAs:
    """What other stacks' affinities see of a placement: its labels, and whom it keeps apart from."""

    labels: immutabledict[str, str] = field(default_factory=immutabledict)
    apart: tuple[Affinity, ...] = ()


NOBODY = KnownAs()
NO_BOUNDS: Mapping[str, Bounds] = immutabledict()


def wanted_on(
    manifests: Mapping[str, Mapping[str, Any]],
    revision: str,
    replicas: Replicas,
    known_as: KnownAs = NOBODY,
    bounds: Mapping[str, Bounds] = NO_BOUNDS,
) -> Wanted:
    """All objects of a placement for a cluster that runs `replicas` of each workload. `bounds` are this cluster's part
    of those of its autoscalers, by workload, where they are divided. `known_as` goes into its bookings.

    Of an autoscaled workload the replicas are left out; one that got none here has none, and no autoscaler.
    """
    objects, bookings = [], []
    scaled = cut_bounds(manifests.values())
    for key in sorted(manifests):
        manifest = manifests[key]
        cut = cut_workload(manifest)
        target = target_of(manifest)
        if target is not None and target in bounds:
            manifest = with_bounds(manifest, bounds[target])
        elif target is not None and replicas.get(target) == 0:
            continue
        if cut is not None:
            for workload in parse_workloads([cut], "", []):
                count = replicas.get(workload.key, workload.replicas)
                if workload.key in scaled and count:
                    manifest = with_replicas(manifest, None) if scales(cut) else manifest
                elif scales(cut):
                    manifest = with_replicas(manifest, count)
                bookings.append(
                    InventoryBooking(
                        workload=workload.key,
                        replicas=count,
                        requests=workload.pod.requests,
                        selector=_selector(manifest),
                        namespace=workload.namespace,
                        labels=known_as.labels,
                        apart=known_as.apart,
                    )
                )
        objects.append(manifest)
    return Wanted(revision, tuple(objects), tuple(bookings))


def _selector(manifest: Mapping[str, Any]) -> immutabledict[str, str]:
    """The labels by which a workload's pods are found; none for what names its pods itself."""
    selector = (manifest.get("spec") or {}).get("selector") or {}
    labels = selector.get("matchLabels", {}) if isinstance(selector, Mapping) else {}
    return immutabledict({name: str(labels[name]) for name in sorted(labels)})
