"""How many clusters fit a placement, and why the others do not, in one line."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain

from kubefleet.model.decision import Decision
from kubefleet.model.reason import Code, Reason
from kubefleet.report.node_requirement_text import Lack, most_nodes, summed_node_requirement
from kubefleet.report.reason_text import reason_text, short_of

_NOT_NEEDED = frozenset({Code.OUTSCORED, Code.LIMIT_REACHED})


def fit_line(decision: Decision, clusters: int) -> str:
    """`2/5 clusters fit: 2 taint dedicated=ml:NoSchedule not tolerated, 1 insufficient cpu (need 8, most free 6)`.

    A cluster that passed every filter and was merely not needed fits. Insufficient amounts are added up over clusters:
    what is needed, and the most that any of them has free.
    """
    refused = {name: reasons for name, reasons in decision.refused.items() if not fits(reasons)}
    head = f"{clusters - len(refused)}/{clusters} clusters fit"
    most, nodes = _most_free(refused), most_nodes(chain.from_iterable(refused.values()))
    counted: Counter[str] = Counter()
    for reasons in refused.values():
        counted.update({_summed(reason, most, nodes) for reason in reasons})
    parts = [f"{count} {text}" for text, count in sorted(counted.items(), key=lambda item: (-item[1], item[0]))]
    return f"{head}: {', '.join(parts)}" if parts else head


def fits(reasons: Sequence[Reason]) -> bool:
    """Whether a cluster with nothing of a placement passed every filter."""
    return {reason.code for reason in reasons} <= _NOT_NEEDED


def _most_free(refused: Mapping[str, Sequence[Reason]]) -> dict[str, int]:
    """By resource the most that is free on any of the clusters that are short of it."""
    most: dict[str, int] = {}
    for reasons in refused.values():
        for reason in reasons:
            if _is_shortage(reason):
                resource, free = str(reason.detail["resource"]), int(reason.detail["free"])
                most[resource] = max(free, most.get(resource, free))
    return most


def _summed(reason: Reason, most: Mapping[str, int], nodes: Mapping[Lack, int]) -> str:
    """The text of a reason, in which alike shortages of several clusters are one."""
    if reason.code is Code.NODE_REQUIREMENT_UNMET:
        return summed_node_requirement(reason, nodes)
    return short_of(reason, most[str(reason.detail["resource"])]) if _is_shortage(reason) else reason_text(reason)


def _is_shortage(reason: Reason) -> bool:
    return reason.code is Code.INSUFFICIENT_CAPACITY and "resource" in reason.detail
