"""Reasons in words. They are data everywhere else; here they become text."""

from collections.abc import Callable

from kubefleet.model.decision import MoveReason
from kubefleet.model.quantity import format_amount
from kubefleet.model.reason import Code, Reason
from kubefleet.report.affinity_text import affinity_text, anti_affinity_text, groups_text
from kubefleet.report.cause import cause
from kubefleet.report.node_requirement_text import node_requirement_text
from kubefleet.scheduling.refused import DEFERRED


def reason_text(reason: Reason) -> str:
    """One reason in words, without the cluster's name: `taint dedicated=ml:NoSchedule not tolerated`."""
    return _TEXTS[reason.code](reason)


def short_of(reason: Reason, most: int) -> str:
    """What a pod needs of a resource, and the most that any node has free of it."""
    resource = str(reason.detail["resource"])
    need = format_amount(resource, int(reason.detail["need"]))
    return f"insufficient {resource} (need {need}, most free {format_amount(resource, most)})"


def _capacity(reason: Reason) -> str:
    detail = reason.detail
    if reason.plugin == DEFERRED:
        return f"no room elsewhere for {detail['pods']} yet"
    if "resource" in detail:
        return short_of(reason, int(detail["free"]))
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


def _frees(reason: Reason) -> str:
    amounts = [f"{format_amount(name, amount)} {name}" for name, amount in reason.detail.items() if type(amount) is int]
    return f"frees {', '.join(amounts) or 'room'} at the end of this up; run up again"


def _data(reason: Reason) -> str:
    move = MoveReason(str(reason.detail["reason"]))
    return f"has data ({reason.detail['object']}), which does not move, though {cause(move, str(reason.detail['why']))}"


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
    if "most" in detail:
        return f"no further {detail['key']} (at most {detail['most']})"
    if "workload" in detail:
        return f"the maximums leave no place for {detail['pods']} of {detail['workload']}"
    return "left to what has room nowhere else" if reason.plugin == "repair" else "no seat was left"


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
    Code.CAPACITY_ESTIMATED: _detail("capacity is an estimate:", "why"),
    Code.TOPOLOGY_SPREAD: _spread,
    Code.NOT_ENOUGH_GROUPS: groups_text,
    Code.AFFINITY_UNMET: affinity_text,
    Code.ANTI_AFFINITY: anti_affinity_text,
    Code.OUTSCORED: _outscored,
    Code.LIMIT_REACHED: _limit,
    Code.NOT_NAMED: _detail("not named by the policy"),
    Code.FREES_ROOM: _frees,
    Code.NEEDS_NODES: _needs,
    Code.GROWTH_UNKNOWN: _growth,
    Code.HAS_DATA: _data,
    Code.PLUGIN_REFUSED: _function("refused by"),
    Code.PLUGIN_FAILED: _function("no answer from"),
}
