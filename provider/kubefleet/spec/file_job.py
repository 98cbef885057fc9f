"""A job as fleet files describe it."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from kubefleet.jobs.divide import Demand
from kubefleet.jobs.gang import Gang
from kubefleet.jobs.indexes import MOST
from kubefleet.jobs.plan import JobRequest
from kubefleet.model.network_domain import NETWORK_LABELS
from kubefleet.model.policy import DivideBy, Divided
from kubefleet.model.request import Request, Workload
from kubefleet.spec.division import DivisionSpec, make_division, parse_job_policy
from kubefleet.spec.mistakes import Mistake, Spelling, join
from kubefleet.spec.pod import PodSpec
from kubefleet.spec.scalars import Name, Priority
from kubefleet.spec.shares import parse_duration
from kubefleet.spec.written import Written, read

_MS = 1000


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
    gang: Gang | None = None


def parse_file_job(raw: object, path: str, members: frozenset[str], mistakes: list[Mistake]) -> JobRequest | None:
    """A job, or None when it cannot be read. Adds everything that is wrong with it to `mistakes`."""
    spec = read(FileJobSpec, raw, path, Spelling.FILE, mistakes)
    # What can be read is checked even when the rest is wrong: all mistakes at once.
    written = raw.get("policy") if isinstance(raw, Mapping) else None
    policy = parse_job_policy(written, join(path, "policy"), Spelling.FILE, members, mistakes)
    if spec is None or policy is None:
        return None
    division = make_division(spec.division, join(path, "division"), members, mistakes)
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
            networks=NETWORK_LABELS if spec.gang is Gang.ONE_CLUSTER else (),
        ),
        division.by,
        Demand(spec.completions, spec.parallelism, deadline),
        division.duration,
        division.durations,
        division.weights,
        spec.gang,
    )
