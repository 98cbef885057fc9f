"""A job as a program declares it: everything checked, every mistake by path."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from immutabledict import immutabledict
from pydantic import Field

from kubefleet.jobs.divide import Demand
from kubefleet.jobs.gang import Gang
from kubefleet.jobs.indexes import MOST
from kubefleet.jobs.options import JobOptions, OnChange, WaitFor
from kubefleet.jobs.plan import JobRequest
from kubefleet.model.network_domain import NETWORK_LABELS
from kubefleet.model.policy import DivideBy, Divided
from kubefleet.model.request import Request
from kubefleet.spec.division import DivisionSpec, make_division, parse_job_policy
from kubefleet.spec.mistakes import Mistake, Spelling, join
from kubefleet.spec.scalars import Name, Priority, Whole, check_name
from kubefleet.spec.shares import parse_duration
from kubefleet.spec.workloads import parse_workloads
from kubefleet.spec.written import Written, read

_COMPUTED = frozenset({"revision", "api", "workloads", "total", "at_once", "whole", "network"})
_MS = 1000
SHORTEST_LEASE = 30


class WrittenJob(Written):
    """The arguments of a job; `revision` to `at_once` are put there by the component."""

    namespace: str | None = None
    completions: Annotated[Whole, Field(ge=1, le=MOST)] | None = None
    parallelism: Annotated[Whole, Field(ge=1)] | None = None
    policy: Any = None
    division: DivisionSpec = DivisionSpec()
    priority: Priority = 0
    deadline: int | str | None = None
    wait: WaitFor = WaitFor.DISPATCHED
    timeout: int | str = 900
    lost_after: int | str = 120
    at_least_once: bool = True
    on_change: OnChange = OnChange.FAIL
    queue: Name | None = None
    gang: Gang | None = None
    gang_timeout: int | str = 300
    lease: int | str | None = None


@dataclass(frozen=True, slots=True)
class JobDeclared:
    """One job: what it asks of the scheduler, and how it is run."""

    request: JobRequest
    options: JobOptions


def parse_queues(raw: object, mistakes: list[Mistake]) -> Mapping[str, int]:
    """How many jobs of each queue run at once. Adds to `mistakes`."""
    caps = {}
    items = raw.items() if isinstance(raw, Mapping) else ()
    if raw is not None and not isinstance(raw, Mapping):
        mistakes.append(Mistake("fleet.queues", "bad value (expected how many jobs run at once, by queue)."))
    for name, cap in sorted(items):
        check_name(name, f"fleet.queues.{name}", mistakes)
        if not isinstance(cap, int) or isinstance(cap, bool) or cap < 1:
            mistakes.append(Mistake(f"fleet.queues.{name}", f"bad number `{cap}` (expected at least 1)."))
            continue
        caps[name] = cap
    return immutabledict(caps)


def parse_job(
    name: str, raw: Mapping[str, Any], members: frozenset[str], mistakes: list[Mistake]
) -> JobDeclared | None:
    """A job from its record, with everything wrong added to `mistakes`; None if it cannot be read."""
    path = f"jobs.{name}"
    check_name(name, path, mistakes)
    arguments = {key: value for key, value in raw.items() if key not in _COMPUTED}
    if isinstance(arguments.get("division"), str):
        arguments["division"] = {"strategy": arguments["division"]}
    written = read(WrittenJob, arguments, path, Spelling.PYTHON, mistakes)
    # What can be read is checked even when the rest is wrong: all mistakes at once.
    policy = parse_job_policy(raw.get("policy"), join(path, "policy"), Spelling.PYTHON, members, mistakes)
    works = parse_workloads(raw.get("workloads") or (), path, mistakes)
    if written is None or policy is None or not works or not isinstance(raw.get("total"), int):
        return None

    def seconds(field: str) -> int:
        return parse_duration(getattr(written, field), join(path, field), mistakes)

    division = make_division(written.division, join(path, "division"), members, mistakes)
    deadline = None if written.deadline is None else _MS * seconds("deadline")
    whole = bool(raw.get("whole"))
    if whole:
        mistakes += _for_whole(raw, path)
    else:
        works = (replace(works[0], replicas=raw["total"], divisible=True),)
    request = JobRequest(
        Request(
            name=name,
            policy=policy,
            workloads=works,
            divided=None if whole else Divided(DivideBy.AVAILABLE),
            priority=written.priority,
            needs_namespaces=frozenset({works[0].namespace}),
            needs_apis=frozenset({raw["api"]}),
            networks=_networks(raw, written.gang),
        ),
        division.by,
        Demand(raw["total"], written.parallelism or raw.get("at_once"), deadline),
        division.duration,
        division.durations,
        division.weights,
        written.gang,
    )
    options = JobOptions(
        wait=written.wait,
        timeout=seconds("timeout"),
        lost_after=seconds("lost_after"),
        at_least_once=written.at_least_once,
        on_change=written.on_change,
        queue=written.queue or "",
        gang_timeout=seconds("gang_timeout"),
        lease=None if written.lease is None else seconds("lease"),
    )
    if options.lease is not None:
        mistakes += _of_lease(options, path, divided=not whole and written.gang is None)
    return JobDeclared(request, options)


def _for_whole(raw: Mapping[str, Any], path: str) -> list[Mistake]:
    """What says how many indexes there are, or how many run at once, says it of a job that is divided."""
    message = f"of a job that is dispatched whole (expected none: its template, a {raw['api']}, says what runs)."
    return [Mistake(join(path, field), message) for field in ("completions", "parallelism", "gang") if field in raw]


def _of_lease(options: JobOptions, path: str, *, divided: bool) -> list[Mistake]:
    wrong = []
    if options.lease is not None and options.lease < SHORTEST_LEASE:
        wrong.append(f"{options.lease} s (expected at least {SHORTEST_LEASE}: clusters are asked every few seconds).")
    if not divided:
        wrong.append("of a job that is not divided (expected none: only shards of a `batch/v1` Job have one).")
    if not options.at_least_once:
        wrong.append("with at_least_once=False (expected none: what it stops would have to run once more).")
    return [Mistake(join(path, "lease"), why) for why in wrong]


def _networks(raw: Mapping[str, Any], gang: Gang | None) -> tuple[str, ...]:
    """Labels of which the nodes of a gang in one cluster share one: that of the template, else any there is."""
    if gang is not Gang.ONE_CLUSTER:
        return ()
    return (str(raw["network"]),) if raw.get("network") else NETWORK_LABELS
