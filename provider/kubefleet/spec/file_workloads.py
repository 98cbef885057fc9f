"""What a placement of a fleet file runs: one workload, several, or those of manifests."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from kubefleet.model.autoscaled import Bounds
from kubefleet.model.request import Workload
from kubefleet.model.selection import Selection
from kubefleet.spec.data import Data, pinned_by
from kubefleet.spec.declared import object_needs
from kubefleet.spec.manifests import load_manifests
from kubefleet.spec.mistakes import Mistake, join
from kubefleet.spec.pod import PodSpec
from kubefleet.spec.scalars import Count, Name
from kubefleet.spec.scale import SCALABLE
from kubefleet.spec.selection import select_objects
from kubefleet.spec.workload_cuts import cut_workloads
from kubefleet.spec.workloads import parse_workloads
from kubefleet.spec.written import Written

_APIS = {
    "Pod": "v1/Pod",
    "ReplicationController": "v1/ReplicationController",
    "Job": "batch/v1/Job",
    "CronJob": "batch/v1/CronJob",
}
_COUNTED = SCALABLE | {"Pod"}


class BoundsSpec(Written):
    """The fewest and the most replicas that an autoscaler may choose, as an HPA's."""

    min: Count = 1
    max: Annotated[Count, Field(ge=1)]

    @model_validator(mode="after")
    def _in_order(self) -> "BoundsSpec":
        if self.min > self.max:
            raise ValueError(f"minimum {self.min} above maximum {self.max} (expected at most the maximum)")
        return self


class WorkloadSpec(Written):
    """One of a placement's workloads."""

    name: Name
    kind: Literal[
        "CronJob", "DaemonSet", "Deployment", "Job", "Pod", "ReplicaSet", "ReplicationController", "StatefulSet"
    ] = "Deployment"
    replicas: Count = 1
    autoscaled: BoundsSpec | None = None
    pod: PodSpec = PodSpec()


@dataclass(frozen=True, slots=True)
class Work:
    """The workloads, and what their objects need of a cluster and bring along; `pinned` names one that has data."""

    workloads: tuple[Workload, ...]
    namespaces: frozenset[str]
    apis: frozenset[str]
    provided_namespaces: frozenset[str] = frozenset()
    provided_apis: frozenset[str] = frozenset()
    selection: Selection | None = None
    pinned: str = ""


def single_work(name: str, namespace: str, replicas: int, pod: PodSpec | None) -> Work:
    """One Deployment that bears the placement's name."""
    if pod is None:
        workload = Workload(name, namespace, replicas)
    else:
        workload = Workload(name, namespace, replicas, pod.pod_shape(), rules=pod.rules(namespace))
    return Work((workload,), frozenset({namespace}), frozenset({_api("Deployment")}))


def listed_work(specs: list[WorkloadSpec], namespace: str, path: str, mistakes: list[Mistake]) -> Work:
    """Several workloads. As in manifests: of several that can be scaled, one with a single replica is not divided."""
    alone = sum(spec.kind in SCALABLE for spec in specs) == 1
    names: set[str] = set()
    found = []
    for index, spec in enumerate(specs):
        where = join(path, "workloads", index)
        if spec.name in names:
            mistakes.append(Mistake(join(where, "name"), f"workload `{spec.name}` is there twice (expected once)"))
        names.add(spec.name)
        if spec.kind not in _COUNTED and "replicas" in spec.model_fields_set:
            mistakes.append(Mistake(join(where, "replicas"), f"replicas of a {spec.kind} (expected none)"))
        replicas = spec.replicas if spec.kind in _COUNTED else 0
        bounds = Bounds(spec.autoscaled.min, spec.autoscaled.max) if spec.autoscaled else None
        if bounds is not None and spec.kind not in SCALABLE:
            mistakes.append(Mistake(join(where, "autoscaled"), f"an autoscaler of a {spec.kind} (expected none)"))
        if bounds is not None and "replicas" in spec.model_fields_set:
            mistakes.append(Mistake(join(where, "replicas"), "replicas beside an autoscaler (expected one of the two)"))
        replicas = bounds.seats if bounds is not None else replicas
        divisible = spec.kind in SCALABLE and (alone or replicas != 1 or bounds is not None)
        found.append(
            Workload(spec.name, namespace, replicas, spec.pod.pod_shape(), divisible, spec.pod.rules(namespace), bounds)
        )
    return Work(tuple(found), frozenset({namespace}), frozenset(_api(spec.kind) for spec in specs))


def manifest_work(
    files: list[str], namespace: str, select: list[str], path: str, base: Path, mistakes: list[Mistake]
) -> Work:
    """What manifests say, or what is selected of them; files are found from `base`."""
    objects, wrong = load_manifests(files, path=path, base=base, namespace=namespace)
    mistakes += wrong
    selection = None
    if select:
        objects, selection = select_objects(objects, select, path, mistakes)
    cuts, keys = cut_workloads(item.object for item in objects), tuple(item.key for item in objects)
    workloads = parse_workloads(cuts, path, mistakes)
    used, provided, apis, given = object_needs(keys)
    return Work(workloads, used - provided, apis, provided, given, selection, pinned_by(Data.PINNED, cuts, keys))


def _api(kind: str) -> str:
    return _APIS.get(kind, f"apps/v1/{kind}")
