"""What a preview says of a rollout that counts pods."""

from kubefleet.model.strategy import SpreadUpdate
from kubefleet.resources import _session
from kubefleet.resources._adapter import Props
from kubefleet.resources._overrides import own_manifests
from kubefleet.rollout.forecast import Forecast, forecast, impossible
from kubefleet.rollout.spread_planner import Goal
from kubefleet.rollout.tighten import tightened
from kubefleet.spec.mistakes import Spelling
from kubefleet.spec.strategy import parse_strategy


def expected(olds: Props, news: Props) -> tuple[str, list[str]]:
    """`4 steps, at least 10 of 12 web available`, and mistakes; nothing where pods are not counted or nothing is to be
    done.
    """
    strategy = parse_strategy(news.get("strategy"), "strategy", Spelling.PYTHON, [])
    if not isinstance(strategy, SpreadUpdate) or news.get("to") is None or news.get("uid") not in _session.manifests:
        return "", []
    goal = Goal(news["to"], str(news.get("revision")), strategy)
    path = f"placements.{news['placement']}.strategy"
    if why := impossible(goal):
        return "", [f"{path}: {why}"]
    before = olds.get("to") or {}
    manifests = tightened(_session.manifests[news["uid"]], goal)
    own = {name: tightened(item, goal) for name, item in own_manifests(news).items()}
    found = forecast(before, str(olds.get("revision") or ""), goal, manifests, own)
    if found.stuck:
        return "", [f"{path}: {found.stuck}"]
    return _line(found, goal) if before else "", []


def _line(found: Forecast, goal: Goal) -> str:
    steps = sum(len(steps) for steps in found.rounds)
    if not steps:
        return ""
    parts = [
        f"at least {min(count, found.lowest[key])} of {count} {key.rpartition('/')[2]} available"
        for key, count in goal.desired.items()
        if key in found.lowest
    ]
    return ", ".join([f"{steps} step{'s' if steps > 1 else ''}", *parts])
