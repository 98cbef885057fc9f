"""Which part of a decision is one stage's."""

from collections.abc import Mapping
from typing import Any

from kubefleet.model.strategy import StagedUpdate
from kubefleet.resources._adapter import Props
from kubefleet.spec.mistakes import Spelling
from kubefleet.spec.strategy import parse_strategy


def of_stage(news: Props, to: Any) -> dict[str, Any]:
    """The part of a decision that is on the clusters of the stage."""
    strategy = parse_strategy(news.get("strategy"), "strategy", Spelling.PYTHON, [])
    if not isinstance(to, Mapping) or not isinstance(strategy, StagedUpdate):
        return {}
    labels = news.get("clusters") or {}
    return {name: to[name] for name in to if strategy.stage_of(name, labels.get(name) or {}) == news["stage"]}
