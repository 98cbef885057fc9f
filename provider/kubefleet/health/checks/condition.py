"""A condition in the object's status."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kubefleet.health.reading import condition, count, part, says
from kubefleet.health.status import Health, available, progressing


@dataclass(frozen=True, slots=True)
class Condition:
    """Available where the condition `type` has this `status`, and is not of an older generation."""

    type: str
    status: str = "True"

    def __str__(self) -> str:
        return f"condition {self.type}"

    def __call__(self, live: Mapping[str, Any]) -> Health:
        """A condition that is not there is Progressing."""
        found = condition(live, self.type)
        if not found:
            return progressing(f"{self} is not there (expected {self.status})")
        generation = count(part(live, "metadata"), "generation")
        if count(found, "observedGeneration", generation) < generation:
            return progressing(f"{self} is of an older generation")
        if found.get("status") == self.status:
            return available(f"{self} is {self.status}")
        told = says({key: found.get(key) for key in ("message", "reason")})
        seen = found.get("status") or "without a status"
        return progressing(f"{self} is {seen} (expected {self.status})" + (f": {told}" if told else ""))
