"""The whole story of one decision as text: where it is and why, filters in order, scores, what nearly passed."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from kubefleet.model.counted import counted
from kubefleet.model.decision import Candidate, Decision, Move
from kubefleet.model.reason import Code, Reason
from kubefleet.report.fit_line import fit_line
from kubefleet.report.ranking import nearest_misses, ranked, ties
from kubefleet.report.reason_text import reason_text
from kubefleet.report.relaxation_text import relaxation_text

SHORT = 10
"""Lines of each kind in a short story."""
_NAMES = 5
_WIDEST = 500


def story_lines(decision: Decision, moves: Sequence[Move] = (), most: int | None = None) -> list[str]:
    """Chosen, unplaced and what would make it fit, kept, moved, refused; then the filters and the scores. With `most`
    only so many lines of each kind; the others are counted.
    """
    total = len(decision.bindings) + len(decision.refused)
    parts = [
        [f"chosen   {item.cluster}: {counted(item.replicas) or 'a copy'}" for item in decision.bindings],
        [f"unplaced {decision.unplaced}"] if decision.unplaced else [],
        [f"missing  {_whose(reason)}{reason_text(reason)}" for reason in decision.missing],
        relaxation_lines(decision),
        [f"kept     {name}: {reason_text(reason)}" for name, reasons in decision.kept.items() for reason in reasons],
        [f"warning  {_whose(reason)}{reason_text(reason)}" for reason in decision.warnings],
        [f"failed   {reason.cluster}: {reason_text(reason)}" for reason in decision.failures],
        [_move_line(move) for move in moves],
        [f"refused  {name}: {'; '.join(map(reason_text, reasons))}" for name, reasons in decision.refused.items()],
        [f"nearest  {name}: {'; '.join(map(_with_seen, reasons))}" for name, reasons in nearest_misses(decision)],
    ]
    lines = [f"{decision.placement}: {fit_line(decision, total)}"]
    for part in (*parts, _funnel_table(decision, total, most), *_score_part(decision, most)):
        lines += [f"  {line}" for line in _first(part, most)]
    return lines


def relaxation_lines(decision: Decision) -> list[str]:
    """What would make everything fit, or most of it."""
    return [
        f"would fit with {relaxation_text(item)}"
        if item.unplaced == 0
        else f"{item.unplaced} left with {relaxation_text(item)}"
        for item in decision.relaxations
    ]


def _first(lines: Sequence[str], most: int | None) -> Iterable[str]:
    if most is None or len(lines) <= most + 2:
        return lines
    return (*lines[:most], f"... {len(lines) - most} more: -o wide")


def _whose(reason: Reason) -> str:
    """The cluster of which a reason speaks, where it speaks of one."""
    return f"{reason.cluster}: " if reason.cluster else ""


def _with_seen(reason: Reason) -> str:
    detail, text = reason.detail, reason_text(reason)
    told = reason.code is Code.NODE_REQUIREMENT_UNMET or "why" in detail
    return f"{text} (it is {detail['seen']})" if "seen" in detail and not told else text


def _move_line(move: Move) -> str:
    target = f" -> {move.destination}" if move.destination else ""
    return f"move     {move.replicas} {move.source}{target}: {move.reason} {move.why}".rstrip()


def _funnel_table(decision: Decision, total: int, most: int | None) -> list[str]:
    """Clusters left after each filter that refuses some, in order, and whom it refuses, whatever others say."""
    steps = [step for step in decision.funnel if step.refused]
    if not steps:
        return []
    rows = [("", str(total), "")]
    for step in steps:
        shown = step.refused if most is None or len(step.refused) <= _NAMES else step.refused[:_NAMES]
        more = f" and {len(step.refused) - len(shown)} more" if len(shown) < len(step.refused) else ""
        rows.append((step.filter, "warns" if step.warns else str(step.left), ", ".join(shown) + more))
    return _table(("FILTER", "LEFT", "REFUSES"), rows, right=(1,))


def _score_part(decision: Decision, most: int | None) -> list[list[str]]:
    """Candidates, the best first, as a table; and who was preferred among equals."""
    best_first = ranked(decision)
    if not best_first:
        return []
    weights = [f"{score.scorer} × {score.weight}" for score in best_first[0].scores]
    rows = [_score_row(candidate, decision) for candidate in best_first]
    table = _table(("SCORE", "CLUSTER", *weights, "CHOSEN"), rows, right=(0, *range(2, len(weights) + 2)))
    equal = [
        f"tie      {winner} comes before {loser}: equal scores go by name"
        for winner, loser in ties(decision, best_first)
    ]
    return [table if most is None else list(_first(table, most + 1)), equal]


def _score_row(candidate: Candidate, decision: Decision) -> tuple[str, ...]:
    chosen = "yes" if decision.binding(candidate.cluster) is not None else ""
    return (str(candidate.total), candidate.cluster, *(str(score.value) for score in candidate.scores), chosen)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int]) -> list[str]:
    """Aligned, without colours; lines are not broken."""
    table = Table(box=None, pad_edge=False, header_style="")
    for place, head in enumerate(heads):
        table.add_column(head, justify="right" if place in right else "left")
    for row in rows:
        table.add_row(*row)
    console = Console(width=_WIDEST, color_system=None, markup=False, highlight=False, emoji=False)
    with console.capture() as capture:
        console.print(table)
    return [line.rstrip() for line in capture.get().splitlines()]
