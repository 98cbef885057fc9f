"""Data: what makes a placement stay where it is."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any


class Data(StrEnum):
    """What becomes of a placement's data when it moves: it must not move, is lost, or is elsewhere as well."""

    PINNED = "pinned"
    DISPOSABLE = "disposable"
    REPLICATED = "replicated"


def pinned_by(data: Data, cuts: Iterable[Mapping[str, Any]], objects: Iterable[str]) -> str:
    """The first object of a placement whose data does not move, as `Kind/namespace/name`; empty where none has any.

    Volume claims are data, and so are workloads that use one or make one for each of their pods (`cut_workload` says
    which). What is on a node (`hostPath`, `emptyDir`) goes with the pod, and may not be data at all.
    """
    if data is not Data.PINNED:
        return ""
    # `apiVersion/Kind/namespace/name`; the API version itself may hold a slash.
    claims = (key.rsplit("/", 3)[1:] for key in objects if key.startswith("v1/PersistentVolumeClaim/"))
    named = ["/".join(parts) for parts in claims]
    named += [f"{cut['kind']}/{cut['namespace']}/{cut['name']}" for cut in cuts if _has_data(cut)]
    return min(named, default="")


def _has_data(cut: Mapping[str, Any]) -> bool:
    pod = cut.get("pod")
    return bool(cut.get("claims")) or (isinstance(pod, Mapping) and bool(pod.get("data")))
