"""What one pod asks of a node, from its spec. Follows kube-scheduler's `PodRequests` (KEP-753, KEP-2837).

max(Σ containers + Σ sidecars, max over init containers i of (i + Σ sidecars declared before i)) + overhead, where a
sidecar is an init container with `restartPolicy: Always`; pod-level `resources` override what they name.
"""

from collections.abc import Mapping
from typing import Any

from kubefleet.model.amounts import NOTHING, Amounts, add, largest, parse_amounts


def pod_requests(pod: Mapping[str, Any]) -> Amounts:
    """Requests of a pod spec in whole units. Raises ValueError naming container and resource."""
    steady = add(*(_container(item, "containers", i) for i, item in enumerate(pod.get("containers") or ())))
    sidecars, peak = NOTHING, NOTHING
    for i, item in enumerate(pod.get("initContainers") or ()):
        requests = _container(item, "initContainers", i)
        if item.get("restartPolicy") == "Always":
            sidecars = add(sidecars, requests)
            peak = largest((peak, sidecars))
        else:
            peak = largest((peak, add(sidecars, requests)))
    total = largest((add(steady, sidecars), peak))
    if pod.get("resources"):
        total = Amounts({**total, **_requests_of(pod["resources"], "resources")})
    if pod.get("overhead"):
        total = add(total, _parse(pod["overhead"], "overhead"))
    return add(total)


def _container(container: Mapping[str, Any], field: str, index: int) -> Amounts:
    return _requests_of(container.get("resources") or {}, f"{field}[{index}].resources")


def _requests_of(resources: Mapping[str, Any], where: str) -> Amounts:
    """Requests, with a limit standing in where a request is absent, as the API server defaults them."""
    wanted = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
    return _parse(wanted, where)


def _parse(quantities: Mapping[str, Any], where: str) -> Amounts:
    try:
        return parse_amounts(quantities)
    except ValueError as error:
        raise ValueError(f"{where}.{error}") from error
