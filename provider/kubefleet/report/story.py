"""The whole story of one decision as text: where it is and why, filters in order, scores, what nearly passed."""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import TypeVar

from kubefleet.model.counted import counted
from kubefleet.model.decision import Candidate, Decision, Move
from kubefleet.model.reason import Code, Reason
from kubefleet.report.fit_line import fit_line
from kubefleet.report.ranking import nearest_misses, ranked, ties
from kubefleet.report.reason_text import reason_text
from kubefleet.report.relaxation_text import relaxation_text

T = TypeVar("T")
SHORT = 10
"""Lines of each kind in a short story."""
_NAMES = 5


def story_lines(decision: Decision, moves: Sequence[Move] = (), most: int | None = None) -> list[str]:
    """Chosen, unplaced and what would make it fit, kept, moved, refused; then the filters and the scores. With `most`
    only so many lines of each kind; the others are counted.
    """
    total = len(decision.bindings) + len(decision.refused)
    parts = [
        _part(decision.bindings, lambda item: f"chosen   {item.cluster}: {counted(item.replicas) or 'a copy'}", most),
        [f"unplaced {decision.unplaced}"] if decision.unplaced else [],
        _part(decision.missing, lambda reason: f"missing  {_whose(reason)}{reason_text(reason)}", most),
        relaxation_lines(decision),
        [f"kept     {name}: {reason_text(reason)}" for name, reasons in decision.kept.items() for reason in reasons],
        _part(decision.later, lambda reason: f"later    {reason.cluster} {reason_text(reason)}", most),
        _part(decision.warnings, lambda reason: f"warning  {_whose(reason)}{reason_text(reason)}", most),
        _part(decision.failures, lambda reason: f"failed   {reason.cluster}: {reason_text(reason)}", most),
        [_move_line(move) for move in moves],
        _part(tuple(decision.refused.items()), _refused_line, most),
        [f"nearest  {name}: {'; '.join(map(_with_seen, reasons))}" for name, reasons in nearest_misses(decision)],
        _funnel_table(decision, total, most),
        *_score_part(decision, most),
    ]
    return [f"{decision.placement}: {fit_line(decision, total)}", *(f"  {line}" for part in parts for line in part)]


def relaxation_lines(decision: Decision) -> list[str]:
    """What would make everything fit, or most of it."""
    return [
        f"would fit with {relaxation_text(item)}"
        if item.unplaced == 0
        else f"{item.unplaced} left with {relaxation_text(item)}"
        for item in decision.relaxations
    ]


def _part(items: Sequence[T], text: Callable[[T], str], most: int | None) -> list[str]:
    """A line for each, as far as they are to be shown."""
    if most is None or len(items) <= most + 2:
        return [text(item) for item in items]
    return [*(text(item) for item in items[:most]), f"... {len(items) - most} more: -o wide"]


def _refused_line(item: tuple[str, Sequence[Reason]]) -> str:
    return f"refused  {item[0]}: {'; '.join(map(reason_text, item[1]))}"


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
    shown = best_first if most is None or len(best_first) <= most + 2 else best_first[:most]
    rows = [_score_row(candidate, decision) for candidate in shown]
    table = _table(("SCORE", "CLUSTER", *weights, "CHOSEN"), rows, right=(0, *range(2, len(weights) + 2)))
    more = [f"... {len(best_first) - len(shown)} more: -o wide"] if len(shown) < len(best_first) else []
    return [table, more, _part(ties(decision, best_first), _tie_line, most)]


def _tie_line(pair: tuple[str, str]) -> str:
    return f"tie      {pair[0]} comes before {pair[1]}: equal scores go by name"


def _score_row(candidate: Candidate, decision: Decision) -> tuple[str, ...]:
    chosen = "yes" if decision.binding(candidate.cluster) is not None else ""
    return (str(candidate.total), candidate.cluster, *(str(score.value) for score in candidate.scores), chosen)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int]) -> list[str]:
    """Aligned columns. By hand: rich takes a second for a thousand rows."""
    cells = [heads, *rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = (
        (cell.rjust(width) if place in right else cell.ljust(width))
        for row in cells
        for place, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return ["  ".join(islice(lines, len(heads))).rstrip() for _ in cells]
