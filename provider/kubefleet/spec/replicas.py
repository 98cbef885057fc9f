"""How a placement's replicas are spread over its clusters, as users write it."""

from collections.abc import Mapping
from typing import Annotated, Literal

from immutabledict import immutabledict
from pydantic import Field

from kubefleet.model.policy import DivideBy, Divided
from kubefleet.spec.mistakes import Mistake, Spelling, join
from kubefleet.spec.scalars import Count, Name, Whole
from kubefleet.spec.written import Written, read

Weight = Annotated[Whole, Field(ge=0, le=1_000_000)]


class ReplicasSpec(Written):
    """`Duplicated` or `Divided`. `total` is written in files only, where no manifest says it."""

    type: Literal["Duplicated", "Divided"] = "Divided"
    by: Literal["weight", "available", "aggregated"] = "weight"
    weights: dict[Name, Weight] = {}
    min: dict[Name, Count] = {}
    max: dict[Name, Count] = {}
    ordinals: bool = False

    def divided(self) -> Divided | None:
        """The frozen value; None for whole copies."""
        if self.type == "Duplicated":
            return None
        return Divided(DivideBy(self.by), _sorted(self.weights), _sorted(self.min), _sorted(self.max))


class FileReplicasSpec(ReplicasSpec):
    """Replicas in a fleet file."""

    total: Count | None = None


def _sorted(numbers: Mapping[str, int]) -> immutabledict[str, int]:
    return immutabledict(sorted(numbers.items()))


def parse_replicas(
    raw: Mapping[str, object] | None, path: str, spelling: Spelling, mistakes: list[Mistake]
) -> Divided | None:
    """How replicas are divided; None for whole copies, or after adding to `mistakes`."""
    if raw is None:
        return None
    spec = read(ReplicasSpec, raw, path, spelling, mistakes)
    if spec is None:
        return None
    wrong = replicas_mistakes(spec, path)
    mistakes += wrong
    return None if wrong else spec.divided()


def replicas_mistakes(spec: ReplicasSpec, path: str) -> list[Mistake]:
    """What fields contradict each other."""
    mistakes = [
        Mistake(join(path, "min", name), f"minimum {low} above maximum {spec.max[name]} (expected at most the maximum)")
        for name, low in sorted(spec.min.items())
        if low > spec.max.get(name, low)
    ]
    if spec.type == "Duplicated":
        mistakes += [
            Mistake(join(path, field), "a field of divided replicas with Duplicated (expected type Divided)")
            for field in ("weights", "min", "max", "ordinals")
            if getattr(spec, field)
        ]
    return mistakes


def totals_mistakes(divided: Divided, totals: Mapping[str, int], path: str) -> list[Mistake]:
    """Minimums that sum up to more than a workload's replicas. `totals` maps workloads to their replicas."""
    least = sum(divided.min.values())
    return [
        Mistake(
            join(path, "min"),
            f"minimums sum up to {least}, more than the {total} replicas of `{workload}` (expected at most {total})",
        )
        for workload, total in sorted(totals.items())
        if least > total
    ]
