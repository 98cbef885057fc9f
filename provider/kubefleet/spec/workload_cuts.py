"""All workloads of a placement's manifests, cut out, each with what an autoscaler beside it says."""

from collections.abc import Iterable, Mapping
from typing import Any

from kubefleet.spec.autoscaler import cut_bounds
from kubefleet.spec.workload_cut import WhenKnown, at_once, cut_workload


def cut_workloads(manifests: Iterable[Mapping[str, Any]], when_known: WhenKnown = at_once) -> list[dict[str, Any]]:
    """As `cut_workload` of each, with `autoscaled: {least, most}` where one of the manifests scales it."""
    everything = list(manifests)
    bounds = cut_bounds(everything, when_known)
    cuts = []
    for manifest in everything:
        cut = cut_workload(manifest, when_known)
        if cut is not None:
            key = f"{cut['kind']}/{cut['namespace']}/{cut['name']}"
            cuts.append({**cut, "autoscaled": bounds[key]} if key in bounds else cut)
    return cuts
