"""Decisions in words. Reasons are data everywhere else; here they become text."""

from collections import Counter
from collections.abc import Callable, Sequence

from kubefleet.model.counted import counted
from kubefleet.model.decision import Candidate, Decision, Move
from kubefleet.model.quantity import format_amount
from kubefleet.model.reason import Code, Reason
from kubefleet.scheduling.explain_nodes import node_requirement_text
from kubefleet.scheduling.filters import FILTERS
from kubefleet.scheduling.refused import DEFERRED


def reason_text(reason: Reason) -> str:
    """One reason in words, without the cluster's name: `taint dedicated=ml:NoSchedule not tolerated`."""
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
    """The whole story of one placement: where it is, what is kept and moves, what every filter refused, the scores."""
    total = len(decision.bindings) + len(decision.refused)
    lines = [f"{decision.placement}: {fit_line(decision, total)}"]
    for binding in decision.bindings:
        counts = counted(binding.replicas) or "a copy"
        lines.append(f"  chosen   {binding.cluster}: {counts}")
    if decision.unplaced:
        lines.append(f"  unplaced {decision.unplaced}")
    lines += [f"  missing  {_whose(reason)}{reason_text(reason)}" for reason in decision.missing]
    lines += [f"  kept     {name}: {reason_text(r)}" for name, reasons in decision.kept.items() for r in reasons]
    lines += [f"  warning  {reason.cluster}: {reason_text(reason)}" for reason in decision.warnings]
    lines += [f"  failed   {reason.cluster}: {reason_text(reason)}" for reason in decision.failures]
    for move in moves:
        target = f" -> {move.destination}" if move.destination else ""
        lines.append(f"  move     {move.replicas} {move.source}{target}: {move.reason} {move.why}".rstrip())
    lines += [
        f"  refused  {name}: {'; '.join(map(reason_text, reasons))}" for name, reasons in decision.refused.items()
    ]
    return lines + _filter_lines(decision, total) + _score_lines(decision)


def _whose(reason: Reason) -> str:
    """The cluster of which a reason speaks, where it speaks of one."""
    return f"{reason.cluster}: " if reason.cluster else ""


def _filter_lines(decision: Decision, total: int) -> list[str]:
    """How many clusters pass each filter on its own, those that refuse none left out."""
    refused: Counter[str] = Counter()
    for reasons in (*decision.refused.values(), *decision.kept.values()):
        refused.update({reason.plugin for reason in reasons})
    rows = [f"    {row.name}: {total - refused[row.name]}/{total}" for row in FILTERS if refused[row.name]]
    return ["  filters (clusters that pass each):", *rows] if rows else []


def _score_lines(decision: Decision) -> list[str]:
    """Candidates, best first; and who was preferred among equals."""
    ranked = sorted(decision.candidates, key=lambda candidate: (-candidate.total, candidate.cluster))
    if not ranked:
        return []
    lines = ["  scores (value × weight; equal scores go by name):", *(f"    {_score_line(item)}" for item in ranked)]
    outscored = {
        name for name, reasons in decision.refused.items() if any(reason.code is Code.OUTSCORED for reason in reasons)
    }
    for item in ranked:
        equals = [other.cluster for other in ranked if other.total == item.total]
        if item.cluster in outscored and decision.binding(equals[0]) is not None:
            lines.append(f"  tie      {equals[0]} comes before {item.cluster}: equal scores go by name")
    return lines


def _score_line(candidate: Candidate) -> str:
    parts = " + ".join(
        f"{score.scorer} {score.value} × {score.weight} = {score.weighted}" for score in candidate.scores
    )
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
    if reason.plugin == DEFERRED:
        return f"no room elsewhere for {detail['pods']} yet"
    if "resource" in detail:
        return _short_of(reason, int(detail["free"]))
    if detail.get("short") == "no-node":
        return "no node accepts its pods"
    if detail.get("short") == "together":
        return "its workloads do not fit together"
    if "room" not in detail:
        return f"no room for {detail['pods']} of {detail['workload']}"
    limit = f" ({detail['limit']})" if "limit" in detail else ""
    return f"room for {detail['room']} of {detail['pods']} pods{limit}"


def _needs(reason: Reason) -> str:
    nodes, pool = int(reason.detail["nodes"]), reason.detail["pool"]
    if not nodes:
        return f"uses new nodes of pool {pool} that others need"
    return f"needs +{nodes} {'node' if nodes == 1 else 'nodes'} of pool {pool}"


def _growth(reason: Reason) -> str:
    pods, why = reason.detail.get("pods"), reason.detail.get("why")
    because = f" ({why})" if why else ""
    if pods is None:
        return f"whether it can grow is not known{because}"
    return f"needs new nodes for {pods} {'pod' if pods == 1 else 'pods'}, and how far it grows is not known{because}"


def _taint(reason: Reason) -> str:
    value = f"={reason.detail['value']}" if reason.detail.get("value") else ""
    return f"taint {reason.detail['key']}{value}:{reason.detail.get('effect', '')} not tolerated".replace(": ", " ")


def _tolerated(reason: Reason) -> str:
    return f"taint {reason.detail['taint']} tolerated until {reason.detail['until']}"


def _spread(reason: Reason) -> str:
    detail = reason.detail
    if "workload" in detail:
        return f"the topology spread allows no place for {detail['pods']} of {detail['workload']}"
    if "domain" not in detail:
        return f"no label {detail['key']} to spread over"
    return (
        f"one more in {detail['key']}={detail['domain']} would leave a skew of "
        f"{int(detail['count']) + 1 - int(detail['least'])} (at most {detail['max_skew']})"
    )


def _limit(reason: Reason) -> str:
    detail = reason.detail
    if "asked" in detail:
        return f"{detail['asked']} clusters asked for, of {detail['clusters']}"
    if "workload" in detail:
        return f"the maximums leave no place for {detail['pods']} of {detail['workload']}"
    return "no seat was left"


def _outscored(reason: Reason) -> str:
    chosen = reason.detail.get("chosen")
    against = f" (the last one chosen has {chosen})" if chosen is not None else " (what stands comes first)"
    return f"outscored: {reason.detail['score']}{against}"


def _state(word: str) -> Callable[[Reason], str]:
    def text(reason: Reason) -> str:
        why = reason.detail.get("why")
        return f"{word} ({why})" if why else word

    return text


def _function(word: str) -> Callable[[Reason], str]:
    def text(reason: Reason) -> str:
        why = reason.detail.get("why")
        told = f"{word} {reason.detail['function']}"
        return f"{told}: {why}" if why else told

    return text


def _detail(word: str, *names: str) -> Callable[[Reason], str]:
    def text(reason: Reason) -> str:
        return " ".join([word, *(str(reason.detail[name]) for name in names if reason.detail.get(name))])

    return text


def _property(word: str) -> Callable[[Reason], str]:
    def text(reason: Reason) -> str:
        why = reason.detail.get("why")
        return f"{word} {reason.detail['wanted']}" + (f" ({why})" if why else "")

    return text


_TEXTS: dict[Code, Callable[[Reason], str]] = {
    Code.UNREACHABLE: _state("unreachable"),
    Code.NOT_READY: _state("not ready"),
    Code.CORDONED: _state("cordoned"),
    Code.DRAINED: _state("drained"),
    Code.LEAVING: _state("leaving"),
    Code.TAINT_NOT_TOLERATED: _taint,
    Code.TAINT_TOLERATED_UNTIL: _tolerated,
    Code.LABEL_MISMATCH: _detail("label does not match:", "wanted"),
    Code.PROPERTY_MISMATCH: _property("property does not match:"),
    Code.PROPERTY_MISSING: _property("property is missing:"),
    Code.NODE_REQUIREMENT_UNMET: node_requirement_text,
    Code.NAMESPACE_MISSING: _detail("namespace is missing:", "name"),
    Code.API_MISSING: _detail("API is missing:", "name"),
    Code.INSUFFICIENT_CAPACITY: _capacity,
    Code.TOPOLOGY_SPREAD: _spread,
    Code.OUTSCORED: _outscored,
    Code.LIMIT_REACHED: _limit,
    Code.NOT_NAMED: _detail("not named by the policy"),
    Code.NEEDS_NODES: _needs,
    Code.GROWTH_UNKNOWN: _growth,
    Code.PLUGIN_REFUSED: _function("refused by"),
    Code.PLUGIN_FAILED: _function("no answer from"),
}
