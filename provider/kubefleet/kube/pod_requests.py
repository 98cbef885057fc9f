"""What a live pod takes of its node: the requests of its spec, or of a resize that is under way (KEP-1287)."""

from collections.abc import Mapping
from typing import Any

from kubefleet.model.amounts import Amounts, add, largest, parse_amounts
from kubefleet.spec.pod_requests import pod_requests

_SLOT = Amounts({"pods": 1})
TERMINAL = frozenset({"Succeeded", "Failed"})


def live_pod_requests(pod: Mapping[str, Any]) -> Amounts:
    """Requests of a pod object in whole units, its pod slot included. Raises ValueError naming what is malformed.

    A container that is being resized counts the larger of what its spec asks and what its status says it has.
    """
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    held = {**_held(status.get("containerStatuses")), **_held(status.get("initContainerStatuses"))}
    if held:
        spec = {
            **spec,
            **{key: [_resized(item, held) for item in spec.get(key) or ()] for key in ("containers", "initContainers")},
        }
    return add(pod_requests(spec), _SLOT)


class RequestCache:
    """`live_pod_requests` remembered by what it depends on: most pods of a cluster are copies of a few templates."""

    def __init__(self) -> None:
        self._known: dict[str, Amounts] = {}

    def of(self, pod: Mapping[str, Any]) -> Amounts:
        """As `live_pod_requests`."""
        spec, status = pod.get("spec") or {}, pod.get("status") or {}
        key = repr(
            (
                [_asked(item) for item in spec.get("containers") or ()],
                [_asked(item) for item in spec.get("initContainers") or ()],
                spec.get("resources"),
                spec.get("overhead"),
                _held(status.get("containerStatuses")),
                _held(status.get("initContainerStatuses")),
            )
        )
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = live_pod_requests(pod)
        return found


def _asked(container: Mapping[str, Any]) -> tuple[Any, ...]:
    return container.get("name"), container.get("resources"), container.get("restartPolicy")


def _held(statuses: Any) -> dict[str, tuple[Any, Any]]:
    """By container: the requests in force, and those that the node has set aside for it."""
    held = {}
    for status in statuses or ():
        in_force = (status.get("resources") or {}).get("requests")
        aside = status.get("allocatedResources")
        if in_force or aside:
            held[status.get("name")] = (in_force, aside)
    return held


def _resized(container: Mapping[str, Any], held: Mapping[str, tuple[Any, Any]]) -> Mapping[str, Any]:
    if container.get("name") not in held:
        return container
    resources = container.get("resources") or {}
    asked = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
    # All three in whole units: an amount of cpu is in millicores, and written back as such.
    most = largest(parse_amounts(part or {}) for part in (asked, *held[container["name"]]))
    requests = {name: f"{amount}m" if name == "cpu" else amount for name, amount in most.items()}
    return {**container, "resources": {"requests": requests}}
