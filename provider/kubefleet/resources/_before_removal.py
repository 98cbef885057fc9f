"""What `Settle` waits for before it takes a placement away from clusters that it has left."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kubefleet.model.gate import REMOVAL, Approval, Gate, Wait, is_removal_approved, leaving_of
from kubefleet.model.phase import Phase
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

_HELD = "it leaves {} only with an approval: `kubefleet approve {} {}`, then `pulumi up` again"


@dataclass(slots=True)
class Removal:
    """The gates of one run. `kept` is what the outputs keep of it: since when the new side is healthy, so that a wait
    which was interrupted goes on where it was; and which approval it `awaits`.
    """

    olds: Props | None
    news: Props
    kept: dict[str, Any] = field(default_factory=dict)

    def passed(self, task: Task, removals: tuple[str, ...]) -> Result | None:
        """Wait for the gates, in their order; a result where one is not passed."""
        what = f"{self.news['revision']} leaves {', '.join(removals)}"
        since = healthy_since(self.olds, what, time.time())
        self.kept["healthy"] = {"revision": what, "since": since}
        gates, all_of_them = Gates(task, "before removal", tuple(sorted(task.target))), gates_of(self.news)
        asks = next((at for at, gate in enumerate(all_of_them) if isinstance(gate, Approval)), len(all_of_them))
        if (stopped := gates.after(all_of_them[:asks], since)) is not None or asks == len(all_of_them):
            return stopped
        return self._unapproved(removals) or gates.after(all_of_them[asks:], since)

    def _unapproved(self, removals: tuple[str, ...]) -> Result | None:
        placement, revision = str(self.news["placement"]), str(self.news["revision"])
        if is_removal_approved(self.news.get("approvals") or (), placement, revision, removals):
            return None
        self.kept["awaits"] = leaving_of(revision, removals)
        return Result(Phase.HELD, _HELD.format(", ".join(removals), placement, REMOVAL))


def gates_of(news: Props) -> tuple[Gate, ...]:
    """Of a placement, from the inputs of its rollout."""
    manifests = _session.manifests.get(news.get("uid", ""), {})
    written = parse_before_remove(news.get("before_remove"), "before_remove", [], tuple(manifests))
    return gates_before_removal(written, manifests.values())


def told(olds: Props, news: Props) -> str:
    """What the preview says of clusters that are left: `traffic: address of eu-1 goes away 60s after the new side is
    healthy`, `leaves eu-1 with an approval`. Empty where it does neither.
    """
    before, now = olds.get("to"), news.get("to")
    if not isinstance(before, Mapping) or not isinstance(now, Mapping):
        return ""
    left = sorted(set(before) - set(now))
    if not left:
        return ""
    gates, lines = gates_of(news), []
    if any(map(has_address, _session.manifests.get(news.get("uid", ""), {}).values())):
        early = _emptied_early(news, now, left)
        waits = sum(gate.seconds for gate in gates if isinstance(gate, Wait))
        when = f" {duration_text(waits)} after the new side is healthy" if waits else ""
        gone = f" (without pods before: `max_surge` leaves none on {', '.join(early)})" if early else ""
        lines.append(f"traffic: address of {', '.join(left)} goes away{when}{gone}")
    approved = is_removal_approved(news.get("approvals") or (), str(news["placement"]), str(news.get("revision")), left)
    if any(isinstance(gate, Approval) for gate in gates) and not approved:
        lines.append(f"leaves {', '.join(left)} only with an approval")
    return ", ".join(lines)


def _emptied_early(news: Props, target: Mapping[str, Any], left: list[str]) -> list[str]:
    """Clusters whose pods go before their address does: where pods are counted one on each needs a surge of as many."""
    manifests = _session.manifests.get(news.get("uid", ""), {})
    strategy = strategy_of(news, manifests)
    if not isinstance(strategy, SpreadUpdate) or not gates_of(news) or has_unknown(target):
        return []
    goal = goal_of(manifests, target, str(news.get("revision")), strategy)
    surge = min((goal.strategy.budget(key, count).max_surge for key, count in goal.desired.items()), default=0)
    return left[: max(0, len(left) - surge)]
