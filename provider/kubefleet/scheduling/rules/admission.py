"""What the API server makes of a pod before the scheduler sees it: limit ranges and runtime classes.

Follows the admission plugins LimitRanger and RuntimeClass.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from immutabledict import immutabledict

from kubefleet.model.amounts import NOTHING, Amounts, add
from kubefleet.model.pod_resources import ContainerResources, PodResources
from kubefleet.model.pod_rules import PodOn, PodRules
from kubefleet.model.request import PodShape
from kubefleet.model.standing import LimitRange, Surroundings

_THOUSAND = 1000


@dataclass(frozen=True, slots=True)
class Admitted:
    """The pod as the scheduler gets it, and its resources; `refused` says why it never does, if so."""

    pod: PodShape
    resources: PodResources
    refused: str = ""


def as_on(pod: PodShape, own: PodOn) -> PodShape:
    """The pod as it is on a cluster that has another one."""
    rules = replace(pod.rules or PodRules(), resources=own.resources, on=immutabledict())
    return PodShape(own.resources.requests(), own.node_selector, own.node_affinity, own.tolerations, rules)


def admit(pod: PodShape, rules: PodRules, surroundings: Surroundings | None) -> Admitted:
    """A pod in the surroundings of one cluster; None stands for those of which nothing is known."""
    if surroundings is None:
        return Admitted(pod, rules.resources)
    resources, changed, refused = rules.resources, pod, ""
    if rules.runtime_class:
        known = {item.name: item for item in surroundings.runtime_classes}
        found = known.get(rules.runtime_class)
        if found is not None:
            resources = replace(resources, overhead=found.overhead or resources.overhead)
            selector = {**pod.node_selector, **found.node_selector}
            changed = replace(
                pod,
                node_selector=immutabledict(sorted(selector.items())),
                tolerations=(*pod.tolerations, *(item for item in found.tolerations if item not in pod.tolerations)),
            )
        elif not surroundings.unread:
            refused = f"no runtime class {rules.runtime_class}"
    limits = [item for item in surroundings.limit_ranges if item.namespace == rules.namespace]
    resources = _with_defaults(resources, limits)
    refused = refused or next(filter(None, (_against(item, resources) for item in limits)), "")
    if resources != rules.resources:
        changed = replace(changed, requests=add(resources.requests()))
    return Admitted(changed, resources, refused)


def _with_defaults(resources: PodResources, limits: Iterable[LimitRange]) -> PodResources:
    """One LimitRange after the other fills in what is missing; of the items of one the last counts."""
    by_object: dict[str, list[LimitRange]] = {}
    for item in limits:
        if item.type == "Container":
            by_object.setdefault(item.name, []).append(item)
    for items in by_object.values():
        default = {name: amount for item in items for name, amount in item.default.items()}
        request = {name: amount for item in items for name, amount in item.default_request.items()}
        resources = replace(
            resources, containers=tuple(_filled(container, default, request) for container in resources.containers)
        )
    return resources


def _filled(
    container: ContainerResources, default: Mapping[str, int], request: Mapping[str, int]
) -> ContainerResources:
    return replace(
        container,
        limits=immutabledict({**default, **container.limits}),
        requests=immutabledict({**request, **container.requests}),
    )


def _against(item: LimitRange, resources: PodResources) -> str:
    """What a limit range has against a pod, or nothing."""
    if item.type == "Container":
        sizes = [(container.requests, container.limits) for container in resources.containers]
    else:
        bare = replace(resources, overhead=NOTHING)
        sizes = [(bare.requests(), bare.limits())]
    for requests, limits in sizes:
        for name, least in item.min.items():
            if requests.get(name, -1) < least or limits.get(name, least) < least:
                return f"limit range {item.name}: minimum {name} for a {item.type}"
        for name, most in item.max.items():
            if name not in limits or limits[name] > most or requests.get(name, most) > most:
                return f"limit range {item.name}: maximum {name} for a {item.type}"
        for name, ratio in item.ratio.items():
            if not requests.get(name) or not limits.get(name) or limits[name] * _THOUSAND > ratio * requests[name]:
                return f"limit range {item.name}: limit of {name} too far above its request"
    return ""


def fills(amounts: Amounts) -> bool:
    """Whether there is any cpu or memory in amounts: what makes a pod more than best effort."""
    return any(amounts.get(name) for name in ("cpu", "memory"))
