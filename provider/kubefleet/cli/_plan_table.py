"""A plan as text for the terminal."""

from collections.abc import Iterable, Mapping

from rich.console import Console
from rich.table import Table

from kubefleet.model.decision import Decision, Move, Plan
from kubefleet.model.request import Request
from kubefleet.model.snapshot import Snapshot
from kubefleet.report.plan_message import cause, summary
from kubefleet.scheduling.explain import explain_lines, fit_line, reason_text

_WIDEST = 500
"""Lines are not broken: what is piped on stays one line a placement."""


def plan_as_table(plan: Plan, requests: Iterable[Request], snapshot: Snapshot) -> str:
    """One line a placement; then what is kept for a reason, what moves, and a summary."""
    by_name = {request.name: request for request in requests}
    table = Table("PLACEMENT", "CLUSTERS", "UNPLACED", "WHY", box=None, pad_edge=False, header_style="")
    for decision in plan.decisions:
        on = _counts(decision, by_name[decision.placement])
        table.add_row(decision.placement, on, str(decision.unplaced or "-"), fit_line(decision, len(snapshot.clusters)))
    lines = [line.rstrip() for line in _rendered(table).splitlines()]
    for decision in plan.decisions:
        lines += _kept_lines(decision.placement, decision)
    lines += [_move_line(move) for move in plan.moves]
    return "\n".join([*lines, summary(plan, snapshot)]) + "\n"


def plan_as_wide_table(plan: Plan, requests: Iterable[Request], snapshot: Snapshot) -> str:
    """The table, then the whole story of every placement."""
    moves: Mapping[str, list[Move]] = {decision.placement: [] for decision in plan.decisions}
    for move in plan.moves:
        moves[move.placement].append(move)
    stories = ["\n".join(explain_lines(decision, moves[decision.placement])) for decision in plan.decisions]
    return "\n\n".join([plan_as_table(plan, requests, snapshot).rstrip(), *stories]) + "\n"


def _counts(decision: Decision, request: Request) -> str:
    if request.divided is None:
        return ", ".join(binding.cluster for binding in decision.bindings) or "-"
    counts = (f"{binding.cluster} x{request.amount(binding.replicas)}" for binding in decision.bindings)
    return ", ".join(counts) or "-"


def _kept_lines(placement: str, decision: Decision) -> list[str]:
    return [
        f"{placement} kept on {cluster}: {'; '.join(map(reason_text, reasons))}"
        for cluster, reasons in decision.kept.items()
    ]


def _move_line(move: Move) -> str:
    target = f"-> {move.destination}" if move.destination else "goes"
    return f"move {move.replicas} of {move.placement}: {move.source} {target}, because it is {cause(move)}"


def _rendered(table: Table) -> str:
    console = Console(width=_WIDEST, color_system=None, markup=False, highlight=False, emoji=False)
    with console.capture() as capture:
        console.print(table)
    return capture.get()
