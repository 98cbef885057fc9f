"""What one pod asks of a node, from its spec as JSON has it."""

from collections.abc import Mapping
from typing import Any

from kubefleet.model.amounts import Amounts, add, parse_amounts
from kubefleet.model.pod_resources import ContainerResources, PodResources


def pod_requests(pod: Mapping[str, Any]) -> Amounts:
    """Requests of a pod spec in whole units. Raises ValueError naming container and resource."""
    return add(pod_resources(pod).requests())


def pod_resources(pod: Mapping[str, Any]) -> PodResources:
    """Container by container. Raises ValueError naming container and resource."""
    own = pod.get("resources") or {}
    containers = [
        _container(item, f"{field}[{index}].resources", init=field == "initContainers")
        for field in ("containers", "initContainers")
        for index, item in enumerate(pod.get(field) or ())
    ]
    return PodResources(
        tuple(containers),
        _parse(own.get("requests") or {}, "resources"),
        _parse(own.get("limits") or {}, "resources"),
        _parse(pod.get("overhead") or {}, "overhead"),
    )


def _container(container: Mapping[str, Any], where: str, *, init: bool) -> ContainerResources:
    """With a limit standing in where a request is absent, as the API server defaults them."""
    resources = container.get("resources") or {}
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    return ContainerResources(
        _parse({**limits, **requests}, where),
        _parse(limits, where),
        init,
        init and container.get("restartPolicy") == "Always",
    )


def _parse(quantities: Mapping[str, Any], where: str) -> Amounts:
    try:
        return parse_amounts(quantities)
    except ValueError as error:
        raise ValueError(f"{where}.{error}") from error
