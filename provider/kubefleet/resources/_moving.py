"""What the preview says of a move of which the old copy stops before the new one starts."""

from collections.abc import Mapping
from typing import Any

from kubefleet.resources import _session
from kubefleet.resources._adapter import Props
from kubefleet.resources.stage import is_divided
from kubefleet.spec.singleton import stops_first


def moved(before: Any, now: Any, news: Props) -> str:
    """`stopped on eu-1 before it starts on us-1`; empty where nothing moves, or new copies start first."""
    manifests = _session.manifests.get(news.get("uid", ""), {})
    if is_divided(news) or not stops_first(news.get("move"), manifests.values()):
        return ""
    old, new = (frozenset(part) if isinstance(part, Mapping) else frozenset() for part in (before, now))
    if not (old - new and new - old):
        return ""
    return f"stopped on {', '.join(sorted(old - new))} before it starts on {', '.join(sorted(new - old))}"
