"""What `Settle` waits for before it takes a placement away from clusters that it has left."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kubefleet.model.gate import Gate, Wait
from kubefleet.model.strategy import SpreadUpdate
from kubefleet.report.duration_text import duration_text
from kubefleet.resources import _session
from kubefleet.resources._adapter import Props
from kubefleet.resources._gates import healthy_since
from kubefleet.resources._strategy import strategy_of
from kubefleet.resources.ownership import has_unknown
from kubefleet.rollout.gates import Gates
from kubefleet.rollout.goal import goal_of
from kubefleet.rollout.task import Result, Task
from kubefleet.spec.before_remove import gates_before_removal, has_address, parse_before_remove


@dataclass(slots=True)
class Removal:
    """The gates of one run. `since` is what the outputs keep of it: since when the new side is healthy, so that a wait
    which was interrupted goes on where it was.
    """

    olds: Props | None
    news: Props
    since: dict[str, Any] = field(default_factory=dict)

    def passed(self, task: Task, removals: tuple[str, ...]) -> Result | None:
        """Wait for the gates; a result where one is not passed."""
        what = f"{self.news['revision']} leaves {', '.join(removals)}"
        since = healthy_since(self.olds, what, time.time())
        self.since["healthy"] = {"revision": what, "since": since}
        return Gates(task, "before removal", tuple(sorted(task.target))).after(gates_of(self.news), since)


def gates_of(news: Props) -> tuple[Gate, ...]:
    """Of a placement, from the inputs of its rollout."""
    manifests = _session.manifests.get(news.get("uid", ""), {})
    written = parse_before_remove(news.get("before_remove"), "before_remove", [], tuple(manifests))
    return gates_before_removal(written, manifests.values())


def addresses(olds: Props, news: Props) -> str:
    """`traffic: address of eu-1 goes away 60s after the new side is healthy`; empty where none does."""
    before, now = olds.get("to"), news.get("to")
    if not isinstance(before, Mapping) or not isinstance(now, Mapping):
        return ""
    left = sorted(set(before) - set(now))
    manifests = _session.manifests.get(news.get("uid", ""), {})
    if not left or not any(map(has_address, manifests.values())):
        return ""
    early = _emptied_early(news, now, left)
    waits = sum(gate.seconds for gate in gates_of(news) if isinstance(gate, Wait))
    when = f" {duration_text(waits)} after the new side is healthy" if waits else ""
    gone = f" (without pods before: `max_surge` leaves none on {', '.join(early)})" if early else ""
    return f"traffic: address of {', '.join(left)} goes away{when}{gone}"


def _emptied_early(news: Props, target: Mapping[str, Any], left: list[str]) -> list[str]:
    """Clusters whose pods go before their address does: where pods are counted one on each needs a surge of as many."""
    manifests = _session.manifests.get(news.get("uid", ""), {})
    strategy = strategy_of(news, manifests)
    if not isinstance(strategy, SpreadUpdate) or not gates_of(news) or has_unknown(target):
        return []
    goal = goal_of(manifests, target, str(news.get("revision")), strategy)
    surge = min((goal.strategy.budget(key, count).max_surge for key, count in goal.desired.items()), default=0)
    return left[: max(0, len(left) - surge)]
