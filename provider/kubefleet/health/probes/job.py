"""A Job that is run in the cluster: a smoke test."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SmokeJob:
    """Runs once on every cluster of the stage for each look, and has to be complete."""

    manifest: Mapping[str, Any]

    def __str__(self) -> str:
        metadata = self.manifest.get("metadata") or {}
        return f"Job {metadata.get('namespace')}/{metadata.get('name')}"
