"""A job as fleet files describe it."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from immutabledict import immutabledict
from pydantic import Field

from kubefleet.jobs.divide import Demand, DivideJobBy
from kubefleet.jobs.indexes import MOST
from kubefleet.jobs.plan import JobRequest
from kubefleet.model.policy import DivideBy, Divided, Fit, PolicyType
from kubefleet.model.request import Request, Workload
from kubefleet.spec.mistakes import Mistake, Spelling, did_you_mean, join
from kubefleet.spec.pod import PodSpec
from kubefleet.spec.policy import parse_policy
from kubefleet.spec.scalars import Count, Name, Priority
from kubefleet.spec.shares import parse_duration
from kubefleet.spec.written import Written, read

_MS = 1000


class DivisionSpec(Written):
    """How a job is divided. `duration` is that of one index, `durations` where it takes another time."""

    strategy: Literal["makespan", "weighted", "pack"] = "makespan"
    duration: int | str = 60
    durations: dict[Name, int | str] = {}
    weights: dict[Name, Count] = {}


class FileJobSpec(Written):
    """One job; its policy is read apart."""

    name: Name
    namespace: Name = "default"
    completions: Annotated[int, Field(ge=1, le=MOST)]
    parallelism: Annotated[int, Field(ge=1)] | None = None
    priority: Priority = 0
    pod: PodSpec = PodSpec()
    policy: dict[str, Any] | None = None
    division: DivisionSpec = DivisionSpec()
    deadline: int | str | None = None


def parse_file_job(raw: object, path: str, members: frozenset[str], mistakes: list[Mistake]) -> JobRequest | None:
    """A job, or None when it cannot be read. Adds everything that is wrong with it to `mistakes`."""
    spec = read(FileJobSpec, raw, path, Spelling.FILE, mistakes)
    # What can be read is checked even when the rest is wrong: all mistakes at once.
    written = raw.get("policy") if isinstance(raw, Mapping) else None
    given = written if isinstance(written, Mapping) else {"type": "PickN", "numberOfClusters": max(len(members), 1)}
    policy = parse_policy(given, join(path, "policy"), Spelling.FILE, mistakes)
    if policy is not None and (policy.type is PolicyType.PICK_ALL or policy.fit is not Fit.FILTER):
        expected = "(expected `PickN` or `PickFixed` with `fit: filter`: indexes go where there is room)."
        mistakes.append(Mistake(join(path, "policy"), f"a policy that does not count room {expected}"))
    if spec is None or policy is None:
        return None
    for field in ("durations", "weights"):
        for name in getattr(spec.division, field):
            if name not in members:
                known = ", ".join(sorted(members)) or "none is declared"
                message = f"unknown cluster `{name}` (expected a member: {known}).{did_you_mean(name, members)}"
                mistakes.append(Mistake(join(path, "division", field, name), message))
    where = join(path, "division", "durations")
    durations = {
        name: _MS * parse_duration(text, join(where, name), mistakes) for name, text in spec.division.durations.items()
    }
    duration = _MS * parse_duration(spec.division.duration, join(path, "division", "duration"), mistakes)
    deadline = None
    if spec.deadline is not None:
        deadline = _MS * parse_duration(spec.deadline, join(path, "deadline"), mistakes)
    work = Workload(
        spec.name, spec.namespace, spec.completions, spec.pod.pod_shape(), rules=spec.pod.rules(spec.namespace)
    )
    return JobRequest(
        Request(
            name=spec.name,
            policy=policy,
            workloads=(work,),
            divided=Divided(DivideBy.AVAILABLE),
            priority=spec.priority,
            needs_namespaces=frozenset({spec.namespace}),
            needs_apis=frozenset({"batch/v1/Job"}),
        ),
        DivideJobBy(spec.division.strategy),
        Demand(spec.completions, spec.parallelism, deadline),
        duration,
        immutabledict(durations),
        immutabledict(spec.division.weights),
    )
