"""Unmet node requirements in words."""

from collections.abc import Iterable, Mapping

from kubefleet.model.reason import Code, Reason

Lack = tuple[int | str | None, ...]
_FIGURES = ("nominal", "capacity", "allocatable")


def node_requirement_text(reason: Reason) -> str:
    """`2 of 8 nodes as required (nearest: 6 Standard_D16s_v5, memory Ge 128Gi: 64Gi nominal, 62.8Gi capacity, 58Gi
    allocatable)`; of free capacity `2 of 8 nodes free as required (nearest: ..., nvidia.com/gpu Ge 8: 7 free, ...)`.
    """
    detail = reason.detail
    text = f"{detail['have']} of {detail['at_least']} nodes {_free(reason)}as required"
    if "nearest_nodes" not in detail:
        return text
    what = detail["nearest"] or ("node" if detail["nearest_nodes"] == 1 else "nodes")
    seen = ", ".join(f"{detail[name]} {name}" for name in _FIGURES if name in detail) or str(detail["seen"])
    if "free_there" in detail:
        seen = f"{detail['free_there']} free, {seen}"
    return f"{text} (nearest: {detail['nearest_nodes']} {what}, {detail['unmet']}: {seen})"


def most_nodes(reasons: Iterable[Reason]) -> dict[Lack, int]:
    """By what the nearest nodes lack, the most nodes as required that any cluster has."""
    most: dict[Lack, int] = {}
    for reason in reasons:
        if reason.code is Code.NODE_REQUIREMENT_UNMET:
            lack, have = _lack(reason), int(reason.detail["have"])
            most[lack] = max(have, most.get(lack, 0))
    return most


def summed_node_requirement(reason: Reason, most: Mapping[Lack, int]) -> str:
    """The same of several clusters in one: `too few nodes with memory Ge 128Gi (need 8, most 2)`. Alike are those whose
    nearest nodes lack the same.
    """
    unmet = f" with {reason.detail['unmet']}" if "unmet" in reason.detail else ""
    free = " free" if reason.detail["free"] else ""
    return f"too few nodes{free}{unmet} (need {reason.detail['at_least']}, most {most[_lack(reason)]})"


def _lack(reason: Reason) -> Lack:
    return tuple(reason.detail.get(name) for name in ("unmet", "at_least", "free"))


def _free(reason: Reason) -> str:
    return "free " if reason.detail["free"] else ""
