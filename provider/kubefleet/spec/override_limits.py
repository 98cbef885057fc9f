"""What an override may not decide: which object it is, and what the schedule decides."""

from collections.abc import Callable, Mapping
from typing import Any

from kubefleet.spec.autoscaler import cut_bounds
from kubefleet.spec.scale import replicas_in
from kubefleet.spec.workload_cut import cut_workload

Manifest = Mapping[str, Any]
_ADDRESS = (("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace"))


def limits(*, divided: bool) -> Callable[[Manifest, Manifest | None], str | None]:
    """Why an object may not become what an override makes of it (None: deleted), or None where it may. `divided`:
    replicas, and with them the bounds of autoscalers, are parts of a whole.
    """

    def why(before: Manifest, after: Manifest | None) -> str | None:
        if after is None:
            # The pods of a DaemonSet are not counted; all others are what the schedule has placed.
            cut = cut_workload(before)
            there = cut is not None and cut["kind"] != "DaemonSet"
            return "the schedule decides where a workload is. Leave the cluster out by the policy." if there else None
        for path in _ADDRESS:
            if _at(before, path) != _at(after, path):
                return f"it changes `{'.'.join(path)}` (expected the same object). Add another object instead."
        if replicas_in(before) != replicas_in(after):
            return "the schedule decides the replicas (expected weights, minimums and maximums for that)."
        if divided and cut_bounds([before]) != cut_bounds([after]):
            return "the schedule divides the bounds of autoscalers (expected them in the manifest only)."
        return None

    return why


def _at(manifest: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        manifest = manifest.get(step) if isinstance(manifest, Mapping) else None
    return manifest
