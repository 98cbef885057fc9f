"""What a reader compares: candidates by score, ties that names have decided, and clusters that nearly passed."""

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

from kubefleet.model.decision import Candidate, Decision
from kubefleet.model.reason import Code, Reason
from kubefleet.report.fit_line import fits

MOST_NEAREST = 3


def ranked(decision: Decision) -> list[Candidate]:
    """Candidates, the best first; equal scores by name."""
    return sorted(decision.candidates, key=lambda candidate: (-candidate.total, candidate.cluster))


def ties(decision: Decision, best_first: Sequence[Candidate]) -> list[tuple[str, str]]:
    """(chosen, not chosen) clusters of equal score: the name has decided."""
    first: dict[int, str] = {}
    for candidate in best_first:
        first.setdefault(candidate.total, candidate.cluster)
    on = {binding.cluster for binding in decision.bindings}
    return [
        (winner, candidate.cluster)
        for candidate in best_first
        if (winner := first[candidate.total]) in on
        and any(reason.code is Code.OUTSCORED for reason in decision.refused.get(candidate.cluster, ()))
    ]


def nearest_misses(decision: Decision, most: int = MOST_NEAREST) -> list[tuple[str, tuple[Reason, ...]]]:
    """Refused clusters with the fewest reasons; of those first who lacks the smallest part of what it needs."""
    missed = [(name, tuple(reasons)) for name, reasons in decision.refused.items() if not fits(reasons)]
    able = [(name, reasons) for name, reasons in missed if not _hopeless(reasons)]
    if len(able) > most:
        # What has more reasons than so many others is not among them, whatever it lacks.
        few = sorted(len(reasons) for _, reasons in able)[most - 1]
        able = [(name, reasons) for name, reasons in able if len(reasons) <= few]
    return sorted(able, key=lambda item: (len(item[1]), sum(map(_lacking, item[1])), item[0]))[:most]


def _hopeless(reasons: Sequence[Reason]) -> bool:
    """Of silent clusters nothing else is known, and who is not named was not meant."""
    return any(reason.code in {Code.UNREACHABLE, Code.NOT_NAMED} for reason in reasons)


def _lacking(reason: Reason) -> Fraction:
    """The part of what is needed that is not there; all of it where that is no amount."""
    detail = reason.detail
    for need, have in (("need", "free"), ("pods", "room")):
        if need in detail and have in detail and int(detail[need]) > 0:
            return _part(int(detail[need]), int(detail[have]))
    return Fraction(1)


@lru_cache(maxsize=1024)
def _part(need: int, have: int) -> Fraction:
    """Many clusters lack the same."""
    return 1 - Fraction(max(0, have), need)
