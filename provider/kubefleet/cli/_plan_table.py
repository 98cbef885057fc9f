"""A plan as text for the terminal."""

from collections.abc import Iterable, Mapping

from rich.console import Console
from rich.table import Table

from kubefleet.model.decision import Move, Plan
from kubefleet.model.request import Request
from kubefleet.model.snapshot import Snapshot
from kubefleet.report.fit_line import fit_line
from kubefleet.report.plan_message import (
    counts,
    failure_lines,
    growth_lines,
    kept_lines,
    later_lines,
    move_line,
    summary,
    unplaced_line,
)
from kubefleet.report.selection_lines import selection_lines
from kubefleet.report.story import story_lines

_WIDEST = 500
"""Lines are not broken: what is piped on stays one line a placement."""


def plan_as_table(plan: Plan, snapshot: Snapshot) -> str:
    """One line a placement; then what is kept for a reason, what moves, and a summary."""
    table = Table("PLACEMENT", "CLUSTERS", "UNPLACED", "WHY", box=None, pad_edge=False, header_style="")
    for decision in plan.decisions:
        why = fit_line(decision, len(snapshot.clusters))
        table.add_row(decision.placement, counts(decision), str(decision.unplaced or "-"), why)
    lines = [line.rstrip() for line in _rendered(table).splitlines()]
    for decision in plan.decisions:
        lines += kept_lines(decision) + failure_lines(decision) + later_lines(decision) + growth_lines(decision)
        lines += [unplaced_line(decision)] if decision.unplaced else []
    lines += [move_line(move) for move in plan.moves]
    return "\n".join([*lines, summary(plan, snapshot)]) + "\n"


def plan_as_wide_table(plan: Plan, snapshot: Snapshot, requests: Iterable[Request] = ()) -> str:
    """The table, then the whole story of every placement; `requests` are those of the plan."""
    taken = {request.name: request.selection for request in requests if request.selection is not None}
    moves: Mapping[str, list[Move]] = {decision.placement: [] for decision in plan.decisions}
    for move in plan.moves:
        moves[move.placement].append(move)
    stories = []
    for decision in plan.decisions:
        name = decision.placement
        listing = selection_lines(taken[name]) if name in taken else []
        stories.append("\n".join([*story_lines(decision, moves[name]), *listing]))
    return "\n\n".join([plan_as_table(plan, snapshot).rstrip(), *stories]) + "\n"


def _rendered(table: Table) -> str:
    console = Console(width=_WIDEST, color_system=None, markup=False, highlight=False, emoji=False)
    with console.capture() as capture:
        console.print(table)
    return capture.get()
