"""Unmet node requirements in words."""

from kubefleet.model.reason import Reason

_FIGURES = ("nominal", "capacity", "allocatable")


def node_requirement_text(reason: Reason) -> str:
    """`2 of 8 nodes with accelerator Eq H100, memory Ge 128Gi (nearest: 6 nodes, memory Ge 128Gi: 64Gi nominal, 62.8Gi
    capacity, 58Gi allocatable)`.
    """
    detail = reason.detail
    free = " free" if detail["free"] else ""
    text = f"{detail['have']} of {detail['at_least']} nodes with{free} {detail['wanted']}"
    if "nearest_nodes" not in detail:
        return text
    whose = f" {detail['nearest']}" if detail["nearest"] else ""
    count = int(detail["nearest_nodes"])
    nearest = f"nearest: {count}{whose} {'node' if count == 1 else 'nodes'}, {detail['unmet']}"
    seen = ", ".join(f"{detail[name]} {name}" for name in _FIGURES if name in detail) or str(detail["seen"])
    if "free_there" in detail:
        seen = f"{detail['free_there']} free, {seen}"
    return f"{text} ({nearest}: {seen})"
