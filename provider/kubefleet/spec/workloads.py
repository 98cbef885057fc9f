"""What was cut out of a manifest, as the workload that is scheduled."""

from collections.abc import Mapping, Sequence
from typing import Any

from immutabledict import immutabledict

from kubefleet.model.pod_rules import PodRules
from kubefleet.model.request import PodShape, Workload
from kubefleet.model.taint import Toleration
from kubefleet.spec.autoscaler import parse_bounds
from kubefleet.spec.mistakes import Mistake
from kubefleet.spec.pod_requests import pod_resources
from kubefleet.spec.pod_rules import parse_node_affinity, parse_rules
from kubefleet.spec.workload_cut import scales


def parse_workloads(cuts: Sequence[Mapping[str, Any]], path: str, mistakes: list[Mistake]) -> tuple[Workload, ...]:
    """Workloads from what `cut_workload` cut; mistakes by path. All leaves must be known.

    With several scalable objects, one with a single replica is never divided; the only one always may be.
    """
    alone = sum(scales(cut) for cut in cuts) == 1
    workloads = []
    for cut in cuts:
        key = f"{cut['kind']}/{cut['namespace']}/{cut['name']}"
        where = f"{path}.manifests[{key}]"
        given = cut.get("replicas")
        replicas = (1 if given is None else given) if scales(cut) or cut["kind"] == "Pod" else 0
        if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas < 0:
            mistakes.append(
                Mistake(f"{where}.spec.replicas", f"`{replicas}` is no count (expected a whole number >= 0).")
            )
            continue
        bounds = parse_bounds(cut.get("autoscaled"), where, mistakes)
        if bounds is not None:
            replicas = bounds.seats
        try:
            shape, rules = _parse_pod(cut)
        except ValueError as error:
            mistakes.append(Mistake(where, f"{error}."))
            continue
        divisible = scales(cut) and (alone or replicas != 1 or bounds is not None)
        workloads.append(Workload(key, cut["namespace"], replicas, shape, divisible, rules, bounds))
    return tuple(workloads)


def _parse_pod(cut: Mapping[str, Any]) -> tuple[PodShape, PodRules]:
    """Raises ValueError saying which part is wrong."""
    pod = cut.get("pod") or {}
    if not isinstance(pod, Mapping):
        raise ValueError("the spec of its pods is no mapping (expected one with containers)")
    resources = pod_resources(pod)
    shape = PodShape(
        requests=resources.requests(),
        node_selector=immutabledict(
            {key: str(pod["nodeSelector"][key]) for key in sorted(pod.get("nodeSelector") or {})}
        ),
        node_affinity=parse_node_affinity(pod.get("nodeAffinity")),
        tolerations=tuple(_parse_toleration(item) for item in pod.get("tolerations") or ()),
    )
    try:
        return shape, parse_rules(pod, cut["namespace"], resources, claims=bool(cut.get("claims")))
    except (AttributeError, TypeError) as error:
        raise ValueError("malformed affinity, topology spread or ports (expected them as in a pod's spec)") from error


def _parse_toleration(raw: Mapping[str, Any]) -> Toleration:
    return Toleration(
        key=raw.get("key", ""),
        operator=raw.get("operator", "Equal"),
        value=str(raw.get("value") or ""),
        effect=raw.get("effect", ""),
        seconds=raw.get("tolerationSeconds"),
    )
