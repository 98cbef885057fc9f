"""By which strategy a placement rolls out: as its program says, or the default of what it has."""

from collections.abc import Mapping
from typing import Any

from kubefleet.model.strategy import Strategy
from kubefleet.resources._adapter import Props
from kubefleet.resources.stage import is_divided
from kubefleet.rollout.by_default import default_strategy
from kubefleet.spec.mistakes import Spelling
from kubefleet.spec.singleton import stops_first
from kubefleet.spec.strategy import parse_strategy


def strategy_of(props: Props, manifests: Mapping[str, Mapping[str, Any]]) -> Strategy:
    """What was written has been checked before: where it cannot be read the default stands for it."""
    written = props.get("strategy")
    found = parse_strategy(written, "strategy", Spelling.PYTHON, []) if written is not None else None
    stops = stops_first(props.get("move"), manifests.values())
    return found or default_strategy(manifests, divided=is_divided(props), stop_first=stops)
