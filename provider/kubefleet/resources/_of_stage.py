"""Which part of a decision is one stage's."""

from collections.abc import Iterable, Mapping
from typing import Any

from kubefleet.model.strategy import StagedUpdate
from kubefleet.resources._adapter import Props
from kubefleet.spec.mistakes import Spelling
from kubefleet.spec.strategy import parse_strategy


def stages_of(news: Props, clusters: Iterable[str]) -> tuple[tuple[str, frozenset[str]], ...]:
    """Every stage with those of the clusters that are of it, in order; `all` where there are no stages."""
    strategy = parse_strategy(news.get("strategy"), "strategy", Spelling.PYTHON, [])
    if not isinstance(strategy, StagedUpdate):
        return (("all", frozenset(clusters)),)
    labels = news.get("clusters") or {}
    by = {name: strategy.stage_of(name, labels.get(name) or {}) for name in clusters}
    return tuple(
        (stage.name, frozenset(name for name in by if by[name] == stage.name)) for stage in strategy.all_stages
    )


def of_stage(news: Props, to: Any) -> dict[str, Any]:
    """The part of a decision that is on the clusters of the stage."""
    strategy = parse_strategy(news.get("strategy"), "strategy", Spelling.PYTHON, [])
    if not isinstance(to, Mapping) or not isinstance(strategy, StagedUpdate):
        return {}
    labels = news.get("clusters") or {}
    return {name: to[name] for name in to if strategy.stage_of(name, labels.get(name) or {}) == news["stage"]}
