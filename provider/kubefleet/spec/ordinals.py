"""Ranges of ordinals: a StatefulSet that is divided over clusters has each number, and so each pod's name, but once.

A range is a block that a cluster keeps as long as it may hold anything of the placement. It depends neither on how many
pods the others have nor on which clusters come and go: Kubernetes replaces every pod of a set whose first number
changes (KEP-3335), outside of any budget.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from kubefleet.spec.follower_kinds import group_of

BLOCK: Final = 1000
"""Pods of one StatefulSet that a cluster may have."""
_SINCE: Final = (1, 27)
"""Kubernetes' first version that has the field without further ado."""


def ranges(clusters: Iterable[str], kept: Mapping[str, int]) -> dict[str, int]:
    """The first number on each cluster: those that are kept, and for each other one, by name, the lowest block that is
    free.
    """
    found, taken = dict(kept), set(kept.values())
    for name in sorted(set(clusters) - set(kept)):
        block = next(start for start in range(0, BLOCK * (len(taken) + 1), BLOCK) if start not in taken)
        found[name] = block
        taken.add(block)
    return {name: found[name] for name in sorted(found)}


def wants_ranges(placement: Mapping[str, Any]) -> bool:
    """Whether a placement's replicas are divided with `ordinals`, as its record says."""
    replicas = placement.get("replicas")
    return isinstance(replicas, Mapping) and replicas.get("ordinals") is True


def has_ordinals(manifest: Mapping[str, Any]) -> bool:
    """Whether its pods are numbered."""
    return (group_of(manifest), manifest.get("kind")) == ("apps", "StatefulSet")


def with_start(manifests: Mapping[str, Mapping[str, Any]], start: int) -> Mapping[str, Mapping[str, Any]]:
    """The manifests of a cluster whose pods are counted from `start` on, beyond the number that is written."""
    if not start:
        return manifests
    return {key: _counted_from(item, start) if has_ordinals(item) else item for key, item in manifests.items()}


def serves_ordinals(version: str) -> bool:
    """Whether a cluster of this version (`v1.33.1`; empty: not known) has the field."""
    numbers = version.removeprefix("v").split(".")[:2]
    return not all(part.isdecimal() for part in numbers) or tuple(map(int, numbers)) >= _SINCE


def _counted_from(manifest: Mapping[str, Any], start: int) -> dict[str, Any]:
    spec = manifest.get("spec") or {}
    written = spec.get("ordinals") or {}
    ordinals = {**written, "start": int(written.get("start") or 0) + start}
    return {**manifest, "spec": {**spec, "ordinals": ordinals}}
