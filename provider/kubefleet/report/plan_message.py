"""The one message of a schedule: a summary, then what a reader of the preview wants to know first."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType

from kubefleet.model.cluster import Cluster, ClusterState
from kubefleet.model.counted import counted
from kubefleet.model.decision import Decision, Move, Plan
from kubefleet.model.reason import Code
from kubefleet.model.request import Request
from kubefleet.model.snapshot import Snapshot
from kubefleet.report.autoscaled_lines import autoscaled_lines
from kubefleet.report.cause import cause
from kubefleet.report.fit_line import fit_line
from kubefleet.report.flaws import flaw_lines
from kubefleet.report.reason_text import reason_text
from kubefleet.report.relaxation_text import relaxation_text
from kubefleet.report.selection_lines import selection_line

MOST_LINES = 20
MOST_NAMES = 3
_SAID = frozenset({"user", "ClusterProperty", "ClusterProfile"})
_NO_JOBS: Mapping[str, Sequence[str]] = MappingProxyType({})
Line = str | Callable[[], str]
"""A line, or what makes it: of a large plan few are shown, and most take long."""


def plan_message(
    plan: Plan,
    snapshot: Snapshot,
    requests: Sequence[Request] = (),
    left_out: Sequence[str] = (),
    jobs: Mapping[str, Sequence[str]] = _NO_JOBS,
) -> str:
    """Line 1 is the summary; then at most 20 lines: unreachable members, properties that somebody has written and that
    cannot be used, moves, kept, unplaced, every placement, and what they take of their manifests; then what there is
    to say of `jobs` (by name). `left_out` are objects of the manifests that no placement takes.
    """
    lines: list[Line] = [f"{cluster.name} is unreachable: {cluster.why}" for cluster in _unreachable(snapshot)]
    lines += flaw_lines(snapshot, _SAID)
    lines += [move_line(move) for move in plan.moves]
    lines += [line for decision in plan.decisions for line in kept_lines(decision)]
    lines += [line for decision in plan.decisions for line in failure_lines(decision)]
    lines += [partial(unplaced_line, decision) for decision in plan.decisions if decision.unplaced]
    lines += [line for decision in plan.decisions for line in later_lines(decision)]
    lines += [line for decision in plan.decisions for line in growth_lines(decision)]
    lines += [partial(_placement_line, decision, snapshot) for decision in plan.decisions]
    lines += [f"no placement takes {', '.join(left_out)}"] if left_out else []
    by_name = {item.name: item for item in requests if any(work.autoscaled for work in item.workloads)}
    for decision in plan.decisions if by_name else ():
        if decision.placement in by_name:
            name = decision.placement
            lines += [f"{name}: {line}" for line in autoscaled_lines(by_name[name], decision)]
    lines += [f"{item.name} {selection_line(item.selection)}" for item in requests if item.selection is not None]
    shown = [line if isinstance(line, str) else line() for line in lines[:MOST_LINES]]
    if len(lines) > MOST_LINES:
        shown.append(f"and {len(lines) - MOST_LINES} more: kubefleet explain PLACEMENT")
    told = [line for name in sorted(jobs) for line in jobs[name]]
    head = [summary(plan, snapshot)] if plan.decisions or not jobs else []
    head += [_count(len(jobs), "job")] if jobs else []
    return "\n".join((", ".join(head), *(f"  {line}" for line in (*shown, *told))))


def summary(plan: Plan, snapshot: Snapshot) -> str:
    """`12 placements on 5 of 6 clusters, 2 moves, 1 unplaced`."""
    used = {binding.cluster for decision in plan.decisions for binding in decision.bindings}
    unplaced = sum(1 for decision in plan.decisions if decision.unplaced)
    parts = [
        f"{_count(len(plan.decisions), 'placement')} on {len(used)} of {_count(len(snapshot.clusters), 'cluster')}"
    ]
    if plan.moves:
        first = plan.moves[0]
        why = (
            f" ({first.source} {cause(first.reason, first.why)})"
            if len({move.source for move in plan.moves}) == 1
            else ""
        )
        parts.append(_count(len(plan.moves), "move") + why)
    if kept := sum(len(decision.kept) for decision in plan.decisions):
        parts.append(f"{kept} kept for a reason")
    if unreachable := len(_unreachable(snapshot)):
        parts.append(f"{unreachable} unreachable")
    parts.append(f"{unplaced} unplaced" if unplaced else "all placed")
    return ", ".join(parts)


def counts(decision: Decision) -> str:
    """`eu-1 x7, us-1 x5` where replicas are divided, else `eu-1, us-1`; or `nowhere`."""
    on = {binding.cluster: binding.total if decision.divided else None for binding in decision.bindings}
    return counted(on) or "nowhere"


def _unreachable(snapshot: Snapshot) -> list[Cluster]:
    return [cluster for cluster in snapshot.clusters if cluster.state is ClusterState.UNREACHABLE]


def kept_lines(decision: Decision) -> list[str]:
    """What stays although something speaks against it, one line a cluster."""
    return [
        f"{decision.placement} kept on {cluster}: {'; '.join(map(reason_text, reasons))}"
        for cluster, reasons in decision.kept.items()
    ]


def later_lines(decision: Decision) -> list[str]:
    """`web: eu-1 frees 4 cpu at the end of this up; run up again`: where what found no room will find some."""
    return [f"{decision.placement}: {reason.cluster} {reason_text(reason)}" for reason in decision.later]


def growth_lines(decision: Decision) -> list[str]:
    """`web on eu-1 needs +2 nodes of pool gpu`: what was placed on nodes that are not there yet."""
    return [
        f"{decision.placement} on {reason.cluster} {reason_text(reason)}"
        for reason in decision.warnings
        if reason.code is Code.NEEDS_NODES or (reason.code is Code.GROWTH_UNKNOWN and "pods" in reason.detail)
    ]


def failure_lines(decision: Decision) -> list[str]:
    """Scorers that could give some clusters nothing, one line for each way of failing."""
    by_text: dict[str, list[str]] = {}
    for reason in decision.failures:
        by_text.setdefault(reason_text(reason), []).append(reason.cluster)
    return [f"{decision.placement}: {text} ({_some(names)})" for text, names in sorted(by_text.items())]


def _some(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more


def move_line(move: Move) -> str:
    """`move 2 of web: us-1 -> eu-2, because it is tainted NoExecute maintenance`."""
    target = f"-> {move.destination}" if move.destination else "goes"
    why = cause(move.reason, move.why)
    return f"move {move.replicas} of {move.placement}: {move.source} {target}, because it is {why}"


def unplaced_line(decision: Decision) -> str:
    """With the smallest change that would help, where there is one."""
    line = f"{decision.placement}: {decision.unplaced} unplaced"
    if not decision.relaxations:
        return line
    first = decision.relaxations[0]
    would = "would fit" if first.unplaced == 0 else f"{first.unplaced} left"
    return f"{line}; {would} with {relaxation_text(first)}"


def _placement_line(decision: Decision, snapshot: Snapshot) -> str:
    return f"{decision.placement} on {counts(decision)}; {fit_line(decision, len(snapshot.clusters))}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
