"""What pods take of a cluster, added up pod by pod, so that no list of pods is ever held."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from immutabledict import immutabledict

from kubefleet.kube.inventory_object import InventoryBooking
from kubefleet.kube.pod_requests import TERMINAL, RequestCache
from kubefleet.kube.standing import StandingCounter
from kubefleet.model.amounts import Amounts, add, times
from kubefleet.model.standing import Standing


@dataclass(frozen=True, slots=True)
class Load:
    """Requests on each node, requests of pods that no node holds yet, and for each booking its live pods.

    `malformed` counts pods that could not be read; they take nothing. `standing` is what else requests look at.
    """

    by_node: immutabledict[str, Amounts]
    pending: Amounts
    live: tuple[int, ...]
    malformed: int
    standing: immutabledict[str, Standing] = field(default_factory=immutabledict)


@dataclass(slots=True)
class LoadCounter:
    """Counts pods. `bookings` are those whose pods are recognised, by namespace and labels; `standing` is given where
    somebody looks at more than amounts.
    """

    bookings: Sequence[InventoryBooking] = ()
    standing: StandingCounter | None = None
    _requests: RequestCache = field(default_factory=RequestCache)
    _pods: dict[tuple[str, Amounts], int] = field(default_factory=dict)
    _live: dict[int, int] = field(default_factory=dict)
    _malformed: int = 0

    def count(self, pod: Mapping[str, Any]) -> None:
        """Add one pod; one that has ended takes nothing."""
        try:
            if (pod.get("status") or {}).get("phase") in TERMINAL:
                return
            key = (str(pod["spec"].get("nodeName") or ""), self._requests.of(pod))
            metadata = pod["metadata"]
            namespace, labels = metadata.get("namespace"), metadata.get("labels") or {}
        except (AttributeError, KeyError, TypeError, ValueError):
            self._malformed += 1
            return
        self._pods[key] = self._pods.get(key, 0) + 1
        for index, booking in enumerate(self.bookings):
            if booking.namespace == namespace and _selects(booking.selector, labels):
                self._live[index] = self._live.get(index, 0) + 1
        if self.standing is not None:
            with suppress(AttributeError, KeyError, TypeError, ValueError):
                self.standing.count(pod)

    def result(self) -> Load:
        """The sums so far."""
        by_node: dict[str, list[Amounts]] = {}
        for (node, requests), pods in sorted(self._pods.items(), key=lambda item: item[0][0]):
            by_node.setdefault(node, []).append(times(requests, pods))
        sums = {node: add(*parts) for node, parts in by_node.items()}
        pending = sums.pop("", add())
        live = tuple(self._live.get(index, 0) for index in range(len(self.bookings)))
        standing = immutabledict[str, Standing]() if self.standing is None else self.standing.result()
        return Load(immutabledict(sums), pending, live, self._malformed, standing)


def _selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether all of a selector's labels are there; an empty one selects nothing: a workload always has some."""
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())
