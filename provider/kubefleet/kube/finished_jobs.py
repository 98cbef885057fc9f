"""Jobs that Kubernetes removes after their end (`ttlSecondsAfterFinished`): gone, they are not run again. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from kubefleet.kube.object_ref import ObjectRef, ref_of


def passing_jobs(manifests: Iterable[Mapping[str, Any]], among: Iterable[ObjectRef]) -> frozenset[str]:
    """Those of some objects that are such Jobs, as the inventory object names them."""
    there = frozenset(among)
    jobs = (ref_of(manifest) for manifest in manifests if _passes(manifest))
    return frozenset(_name(ref) for ref in jobs if ref in there)


def has_finished(manifest: Mapping[str, Any], finished: Iterable[str]) -> bool:
    """Whether it is such a Job, and among those that have run to their end."""
    return _passes(manifest) and _name(ref_of(manifest)) in finished


def _passes(manifest: Mapping[str, Any]) -> bool:
    job = manifest.get("kind") == "Job" and str(manifest.get("apiVersion")).startswith("batch/")
    return job and (manifest.get("spec") or {}).get("ttlSecondsAfterFinished") is not None


def _name(ref: ObjectRef) -> str:
    return f"{ref.namespace}/{ref.name}"
