"""The row of a stage while it runs: `all: 2/3 clusters, web 7/10 pods available, waiting 12s`."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from kubefleet.kube.object_ref import ObjectRef

_EVERY = 1.0


class Progress:
    """Counts clusters and pods, from any thread, and shows a line when it changes (at most one a second)."""

    def __init__(self, stage: str, clusters: int, show: Callable[[str], None]) -> None:
        self._stage = stage
        self._clusters = clusters
        self._show = show
        self._finished: set[str] = set()
        self._pods: dict[tuple[str, str], tuple[int, int]] = {}
        self._since = time.monotonic()
        self._shown = ("", 0.0)
        self._lock = threading.Lock()

    def saw(self, cluster: str, ref: ObjectRef, live: Mapping[str, Any]) -> None:
        """An object as it is now; only what has replicas counts pods."""
        desired, status = (live.get("spec") or {}).get("replicas"), live.get("status") or {}
        # What replicas of a custom resource are, only its status can tell.
        if isinstance(desired, int) and (ref.group in {"", "apps"} or "availableReplicas" in status):
            available = status.get("availableReplicas") or 0
            with self._lock:
                self._pods[cluster, ref.name] = (int(available), desired)
        self._refresh()

    def done(self, cluster: str) -> None:
        """A cluster is healthy at its new state."""
        with self._lock:
            self._finished.add(cluster)
        self._refresh(at_once=True)

    def line(self) -> str:
        """The line for now."""
        with self._lock:
            pods: dict[str, list[int]] = {}
            for (_, name), (available, desired) in sorted(self._pods.items()):
                total = pods.setdefault(name, [0, 0])
                total[0] += available
                total[1] += desired
            parts = [f"{len(self._finished)}/{self._clusters} clusters"]
            parts += [f"{name} {available}/{desired} pods available" for name, (available, desired) in pods.items()]
        return f"{self._stage}: " + ", ".join(parts)

    def _refresh(self, *, at_once: bool = False) -> None:
        line, now = self.line(), time.monotonic()
        with self._lock:
            if line == self._shown[0] or (not at_once and now - self._shown[1] < _EVERY):
                return
            self._shown = (line, now)
        waited = int(now - self._since)
        self._show(f"{line}, waiting {waited}s" if waited and len(self._finished) < self._clusters else line)
