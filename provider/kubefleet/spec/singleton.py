"""Singletons: what must never run twice at once, so that a move stops it before it starts elsewhere."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from kubefleet.spec.follower_kinds import group_of


class Moving(StrEnum):
    """How a whole copy moves: the new one runs before the old one goes, or the other way round."""

    SURGE = "surge"
    STOP_FIRST = "stop_first"


def stops_first(move: str | None, manifests: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a placement's copies stop before they start elsewhere: as it says itself, else where there is a CronJob,
    a StatefulSet, a Deployment that is recreated, or a volume claim.
    """
    return any(map(_is_singleton, manifests)) if move is None else Moving(move) is Moving.STOP_FIRST


def _is_singleton(manifest: Mapping[str, Any]) -> bool:
    group, kind = group_of(manifest), manifest.get("kind")
    if (group, kind) == ("apps", "Deployment"):
        strategy = (manifest.get("spec") or {}).get("strategy")
        return isinstance(strategy, Mapping) and strategy.get("type") == "Recreate"
    return (group, kind) in {("batch", "CronJob"), ("apps", "StatefulSet"), ("", "PersistentVolumeClaim")}
