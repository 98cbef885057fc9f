"""What the preview says of moves of which the old side stops before the new one starts."""

from collections.abc import Mapping
from typing import Any

from kubefleet.model.strategy import SpreadUpdate
from kubefleet.resources import _session
from kubefleet.resources._adapter import Props
from kubefleet.resources._strategy import strategy_of
from kubefleet.resources.stage import is_divided
from kubefleet.spec.singleton import Moving, stops_first


def moved(before: Any, now: Any, news: Props) -> str:
    """`stopped on eu-1 before it starts on us-1`; empty where nothing moves, or new copies start first."""
    manifests = _session.manifests.get(news.get("uid", ""), {})
    if is_divided(news) or not stops_first(news.get("move"), manifests.values()):
        return ""
    old, new = (frozenset(part) if isinstance(part, Mapping) else frozenset() for part in (before, now))
    if not (old - new and new - old):
        return ""
    return f"stopped on {', '.join(sorted(old - new))} before it starts on {', '.join(sorted(new - old))}"


def unkept(news: Props) -> list[str]:
    """The mistake of a `move` that is written and would not be kept: divided replicas stop first only where they are
    counted as pods. Clusters as a whole change with more of them, not with fewer.
    """
    manifests = _session.manifests.get(news.get("uid", ""), {})
    if not manifests or news.get("move") != Moving.STOP_FIRST or not is_divided(news):
        return []
    if isinstance(strategy_of(news, manifests), SpreadUpdate):
        return []
    why = "`stop_first` of divided replicas that are not counted as pods"
    way_out = "expected `strategy=SpreadUpdate(max_surge=0)` instead: old pods go before new ones come"
    return [f"placements.{news['placement']}.move: {why} ({way_out})."]
