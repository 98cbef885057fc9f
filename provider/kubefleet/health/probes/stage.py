"""A Python function that is asked about the stage."""

from dataclasses import dataclass

from kubefleet.health.checks import Function


@dataclass(frozen=True, slots=True)
class OfStage:
    """Called with `{"placement", "stage", "revision", "clusters"}`; answers as one of a health check does."""

    function: Function

    def __str__(self) -> str:
        return str(self.function)
