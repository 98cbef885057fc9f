"""Reasons of affinities and of spread groups in words."""

from kubefleet.model.affinity import CLUSTER
from kubefleet.model.reason import Reason


def groups_text(reason: Reason) -> str:
    """Why the clusters of a placement do not stand in enough groups."""
    detail = reason.detail
    if "least" not in detail:
        return f"no {detail['key']}, label or property, to group by"
    key, least, found = str(detail["key"]), int(detail["least"]), int(detail["found"])
    for_whom = f", for {detail['pods']} of {detail['workload']}" if "workload" in detail else ""
    if found >= least:
        return f"{least} groups of {key} cannot be had together with the other rules{for_whom}"
    if key == CLUSTER:
        return f"{found} of at least {least} clusters fit{for_whom}"
    return f"{found} of at least {least} groups of {key}{for_whom}"


def affinity_text(reason: Reason) -> str:
    """Who is not there that must be; of a cycle that found no place, who needs whom."""
    circle = reason.detail.get("cycle")
    return f"not {reason.detail['wanted']}" + (f" (no place for the cycle {circle})" if circle else "")


def anti_affinity_text(reason: Reason) -> str:
    """Who is there that must not be, or who keeps apart."""
    detail = reason.detail
    if "by" not in detail:
        return f"not {detail['wanted']}"
    return f"{detail['by']} keeps apart" + ("" if detail["key"] == CLUSTER else f" in its {detail['key']}")
