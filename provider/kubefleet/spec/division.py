"""How a job is divided, as users write it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from immutabledict import immutabledict

from kubefleet.jobs.divide import DivideJobBy
from kubefleet.model.policy import Fit, Policy, PolicyType
from kubefleet.spec.mistakes import Mistake, Spelling, did_you_mean, join
from kubefleet.spec.policy import parse_policy
from kubefleet.spec.scalars import Count, Name
from kubefleet.spec.shares import parse_duration
from kubefleet.spec.written import Written

_MS = 1000


class DivisionSpec(Written):
    """`duration` is that of one index, `durations` where it takes another time."""

    strategy: Literal["makespan", "weighted", "pack", "cheapest", "greenest"] = "makespan"
    duration: int | str = 60
    durations: dict[Name, int | str] = {}
    weights: dict[Name, Count] = {}


@dataclass(frozen=True, slots=True)
class Division:
    """As `JobRequest` has it: milliseconds."""

    by: DivideJobBy
    duration: int
    durations: Mapping[str, int]
    weights: Mapping[str, int]


def make_division(spec: DivisionSpec, path: str, members: frozenset[str], mistakes: list[Mistake]) -> Division:
    """The frozen value. Adds unknown clusters and bad durations to `mistakes`."""
    for field in ("durations", "weights"):
        for name in getattr(spec, field):
            if name not in members:
                known = ", ".join(sorted(members)) or "none is declared"
                message = f"unknown cluster `{name}` (expected a member: {known}).{did_you_mean(name, members)}"
                mistakes.append(Mistake(join(path, field, name), message))
    durations = {
        name: _MS * parse_duration(text, join(path, "durations", name), mistakes)
        for name, text in spec.durations.items()
    }
    duration = _MS * parse_duration(spec.duration, join(path, "duration"), mistakes)
    return Division(
        DivideJobBy(spec.strategy), duration, immutabledict(durations), immutabledict(sorted(spec.weights.items()))
    )


def parse_job_policy(
    raw: object, path: str, spelling: Spelling, members: frozenset[str], mistakes: list[Mistake]
) -> Policy | None:
    """Where indexes may go: all members where nothing is said, and only where there is room."""
    every: dict[str, Any] = {"type": "PickN", _NUMBER[spelling]: max(len(members), 1)}
    policy = parse_policy(raw if isinstance(raw, Mapping) else every, path, spelling, mistakes)
    if policy is not None and (policy.type is PolicyType.PICK_ALL or policy.fit is not Fit.FILTER):
        expected = "(expected `PickN` or `PickFixed` with `fit: filter`: indexes go where there is room)."
        mistakes.append(Mistake(path, f"a policy that does not count room {expected}"))
    return policy


_NUMBER = {Spelling.FILE: "numberOfClusters", Spelling.PYTHON: "number_of_clusters"}
