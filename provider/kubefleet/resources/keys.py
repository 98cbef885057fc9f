"""The keys that `Schedule` has for each placement, and what all keys have in common that stand for work."""

from collections.abc import Mapping
from typing import Any

_TO, _REDO, _OVERRIDES, _ORDINALS, _JOB = "to:", "redo:", "overrides:", "ordinals:", "job:"

KEPT = ("account", "silent", "leased", "gang", "writes")
"""Outputs of a job's `Dispatch` that are its record."""


def to_key(placement: str) -> str:
    """Where the placement goes: cluster -> workload -> replicas."""
    return _TO + placement


def job_key(job: str) -> str:
    """The uid of a job, and its first plan: cluster -> indexes and slots."""
    return _JOB + job


def is_job(key: str) -> bool:
    """Whether it is the `job_key` of a job."""
    return key.startswith(_JOB)


def redo_key(placement: str) -> str:
    """Clusters that are not at the revision that state records; empty where there are none."""
    return _REDO + placement


def overrides_key(placement: str) -> str:
    """What of its overrides holds on each of its clusters; only of a placement that has any."""
    return _OVERRIDES + placement


def is_overrides(key: str) -> bool:
    """Whether it is the `overrides_key` of a placement."""
    return key.startswith(_OVERRIDES)


def ordinals_key(placement: str) -> str:
    """The first number of its StatefulSets on each of its clusters; only of a placement that has ranges."""
    return _ORDINALS + placement


def is_ordinals(key: str) -> bool:
    """Whether it is the `ordinals_key` of a placement."""
    return key.startswith(_ORDINALS)


def placed_by(key: str) -> str | None:
    """The placement whose `to_key` it is, or None."""
    return key.removeprefix(_TO) if key.startswith(_TO) else None


def is_redo(key: str) -> bool:
    """Whether it is the `redo_key` of a placement."""
    return key.startswith(_REDO)


def appeared(olds: Mapping[str, Any], news: Mapping[str, Any], key: str) -> bool:
    """Whether something stands under a key that was not there. That it vanishes means only that its work is done."""
    return bool(news.get(key)) and olds.get(key) != news.get(key)
