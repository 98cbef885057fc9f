"""Decisions in words. Reasons are data everywhere else; here they become text."""

from collections import Counter
from collections.abc import Callable, Sequence

from kubefleet.model.decision import Candidate, Decision, Move
from kubefleet.model.quantity import format_amount
from kubefleet.model.reason import Code, Reason

Detail = Reason


def reason_text(reason: Reason) -> str:
    """One reason in words, without the cluster's name: `taint dedicated=ml:NoSchedule not tolerated`."""
    if reason.plugin == "deferred":
        return f"no room elsewhere for {reason.detail.get('pods')} yet"
    return _TEXTS[reason.code](reason)


def fit_line(decision: Decision, clusters: int) -> str:
    """`2/5 clusters fit: 2 taint dedicated=ml:NoSchedule not tolerated, 1 insufficient cpu (need 8, most free 6)`.

    A cluster that passed every filter and was merely not needed fits. Insufficient amounts are added up over clusters:
    what is needed, and the most that any of them has free.
    """
    refused = {name: reasons for name, reasons in decision.refused.items() if not _fits(reasons)}
    head = f"{clusters - len(refused)}/{clusters} clusters fit"
    counted: Counter[str] = Counter()
    for reasons in refused.values():
        counted.update({_summed(reason, refused) for reason in reasons})
    parts = [f"{count} {text}" for text, count in sorted(counted.items(), key=lambda item: (-item[1], item[0]))]
    return f"{head}: {', '.join(parts)}" if parts else head


def explain_lines(decision: Decision, moves: Sequence[Move] = ()) -> list[str]:
    """The whole story of one placement: where it is, what was refused and why, the scores, what is kept, what moves."""
    total = len(decision.bindings) + len(decision.refused)
    lines = [f"{decision.placement}: {fit_line(decision, total)}"]
    for binding in decision.bindings:
        counts = ", ".join(f"{key} x{count}" for key, count in binding.replicas.items()) or "a copy"
        lines.append(f"  chosen   {binding.cluster}: {counts}")
    if decision.unplaced:
        lines.append(f"  unplaced {decision.unplaced}")
    lines += [f"  kept     {name}: {reason_text(r)}" for name, reasons in decision.kept.items() for r in reasons]
    lines += [f"  warning  {reason.cluster}: {reason_text(reason)}" for reason in decision.warnings]
    for move in moves:
        target = f" -> {move.destination}" if move.destination else ""
        lines.append(f"  move     {move.replicas} {move.source}{target}: {move.reason} {move.why}".rstrip())
    lines += [
        f"  refused  {name}: {'; '.join(map(reason_text, reasons))}" for name, reasons in decision.refused.items()
    ]
    ranked = sorted(decision.candidates, key=lambda candidate: (-candidate.total, candidate.cluster))
    if ranked:
        lines.append("  scores (value × weight; equal scores go by name):")
        lines += [f"    {_score_line(candidate)}" for candidate in ranked]
    return lines


def _score_line(candidate: Candidate) -> str:
    parts = " + ".join(f"{score.scorer} {score.value} = {score.weighted}" for score in candidate.scores)
    return f"{candidate.cluster}: {candidate.total} ({parts})"


def _fits(reasons: Sequence[Reason]) -> bool:
    return all(reason.code in {Code.OUTSCORED, Code.LIMIT_REACHED} for reason in reasons)


def _summed(reason: Reason, refused: dict[str, tuple[Reason, ...]]) -> str:
    """The text of a reason, in which alike shortages of several clusters are one."""
    if reason.code is not Code.INSUFFICIENT_CAPACITY or "resource" not in reason.detail:
        return reason_text(reason)
    alike = [
        int(other.detail["free"])
        for reasons in refused.values()
        for other in reasons
        if other.code is reason.code and other.detail.get("resource") == reason.detail["resource"]
    ]
    return _short_of(reason, max(alike))


def _short_of(reason: Reason, most: int) -> str:
    resource = str(reason.detail["resource"])
    need = format_amount(resource, int(reason.detail["need"]))
    return f"insufficient {resource} (need {need}, most free {format_amount(resource, most)})"


def _capacity(reason: Reason) -> str:
    detail = reason.detail
    if "resource" in detail:
        return _short_of(reason, int(detail["free"]))
    if detail.get("short") == "no-node":
        return "no node accepts its pods"
    if detail.get("short") == "together":
        return "its workloads do not fit together"
    return f"room for {detail.get('room')} of {detail.get('pods')} pods"


def _taint(reason: Reason) -> str:
    value = f"={reason.detail['value']}" if reason.detail.get("value") else ""
    return f"taint {reason.detail['key']}{value}:{reason.detail.get('effect', '')} not tolerated".replace(": ", " ")


def _spread(reason: Reason) -> str:
    detail = reason.detail
    if "domain" not in detail:
        return f"no label {detail['key']} to spread over"
    return (
        f"one more in {detail['key']}={detail['domain']} would leave a skew of "
        f"{int(detail['count']) + 1 - int(detail['least'])} (at most {detail['max_skew']})"
    )


def _state(word: str) -> Callable[[Reason], str]:
    def text(reason: Reason) -> str:
        why = reason.detail.get("why")
        return f"{word} ({why})" if why else word

    return text


def _detail(word: str, *names: str) -> Callable[[Reason], str]:
    def text(reason: Reason) -> str:
        return " ".join([word, *(str(reason.detail[name]) for name in names if reason.detail.get(name))])

    return text


_TEXTS: dict[Code, Callable[[Reason], str]] = {
    Code.UNREACHABLE: _state("unreachable"),
    Code.NOT_READY: _state("not ready"),
    Code.CORDONED: _state("cordoned"),
    Code.DRAINED: _state("drained"),
    Code.LEAVING: _state("leaving"),
    Code.TAINT_NOT_TOLERATED: _taint,
    Code.LABEL_MISMATCH: _detail("label does not match:", "wanted"),
    Code.PROPERTY_MISMATCH: _detail("property does not match:", "wanted"),
    Code.PROPERTY_MISSING: _detail("property is missing:", "wanted"),
    Code.NAMESPACE_MISSING: _detail("namespace is missing:", "name"),
    Code.API_MISSING: _detail("API is missing:", "name"),
    Code.INSUFFICIENT_CAPACITY: _capacity,
    Code.TOPOLOGY_SPREAD: _spread,
    Code.OUTSCORED: _detail("outscored:", "score"),
    Code.LIMIT_REACHED: _detail("no seat was left"),
    Code.NOT_NAMED: _detail("not named by the policy"),
}
