"""Fleet files: clusters, placements and jobs as data, with what was decided before and what test cases expect."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from kubefleet.jobs.plan import JobPlan, JobRequest, plan_jobs
from kubefleet.model.cluster import Cluster
from kubefleet.model.decision import Plan, Previous
from kubefleet.model.request import Request
from kubefleet.model.snapshot import Snapshot
from kubefleet.scheduling import NormalizeOver, Options, schedule, schedule_and_ask
from kubefleet.spec.cluster import ClusterSpec
from kubefleet.spec.expected import Expected, ExpectedSpec
from kubefleet.spec.file_job import parse_file_job
from kubefleet.spec.file_placement import parse_file_placement
from kubefleet.spec.mistakes import Mistake, MistakesError, Spelling, did_you_mean, join
from kubefleet.spec.named_items import item_names, located, named_items, repeated_names
from kubefleet.spec.past import parse_previous
from kubefleet.spec.price_table import parse_prices
from kubefleet.spec.references import check_references
from kubefleet.spec.scalars import Count, Moment
from kubefleet.spec.sku_table import parse_skus
from kubefleet.spec.written import Written, read
from kubefleet.spec.yaml_file import Document, load_yaml

_TAKEN_AT = datetime(2000, 1, 1, tzinfo=UTC)
"""A file has no time of its own: no toleration's seconds have begun to run."""
_NAMED = ("clusters", "placements", "jobs")


class OptionsSpec(Written):
    """Options of the plan."""

    normalize_over: Literal["candidates", "members"] = "candidates"
    now: Moment | None = None


class FleetFileSpec(Written):
    """A whole file. Clusters, placements and jobs are read one by one: a mistake in one hides none in another."""

    clusters: list[Any] = []
    placements: list[Any] = []
    jobs: list[Any] = []
    previous: dict[str, dict[str, Count]] = {}
    edited: list[str] = []
    options: OptionsSpec = OptionsSpec()
    skus: dict[str, Any] = {}
    prices: dict[str, Any] = {}
    expect: dict[str, ExpectedSpec] = {}


@dataclass(frozen=True, slots=True)
class FleetFile:
    """Everything that a plan is made of, and what the file expects of it by placement."""

    snapshot: Snapshot
    requests: tuple[Request, ...]
    previous: Mapping[str, Previous]
    options: Options
    expected: Mapping[str, Expected]
    jobs: tuple[JobRequest, ...] = ()

    def plan(self) -> Plan:
        """What the scheduler decides for placements."""
        return schedule(self.snapshot, self.requests, self.previous, options=self.options)

    def plan_all(self) -> tuple[Plan, tuple[JobPlan, ...]]:
        """As `plan`, and the jobs, in the order in which they find room."""
        asking = [job.request for job in self.jobs]
        plan, room = schedule_and_ask(self.snapshot, self.requests, self.previous, asking, self.options)
        return plan, plan_jobs(room, self.jobs)

    def differences(self, plan: Plan) -> tuple[str, ...]:
        """Where a plan is not what the file expects, one line each."""
        found: list[str] = []
        for request in self.requests:
            expected, decision = self.expected.get(request.name), plan.decision(request.name)
            if expected is not None and decision is not None:
                found += expected.differences(request, decision)
        return tuple(found)


def load_fleet_file(path: Path) -> FleetFile:
    """Read and check a fleet file. Raises MistakesError with everything that is wrong in it, by path, file and line."""
    mistakes: list[Mistake] = []
    documents = load_yaml(path, mistakes)
    if len(documents) == 1:
        file = _parse(documents[0], path.parent, mistakes)
        if file is not None and not mistakes:
            return file
    elif not mistakes:
        message = f"{len(documents)} documents in the file (expected exactly one with `clusters` and `placements`)"
        mistakes.append(Mistake("", message, str(path)))
    raise MistakesError(mistakes)


def _parse(document: Document, base: Path, mistakes: list[Mistake]) -> FleetFile | None:
    raw, found = document.value, list[Mistake]()
    spec = read(FleetFileSpec, raw, "", Spelling.FILE, found)
    # What can be read is checked even when the rest is wrong: all mistakes at once.
    clusters = _clusters(raw, found)
    requests = _requests(raw, base, found)
    for field in _NAMED:
        found += repeated_names(raw, field)
    members = item_names(raw, "clusters")
    names = item_names(raw, "placements")
    jobs = _jobs(raw, frozenset(members), found)
    check_references(requests, members, found, spelling=Spelling.FILE, placement_names=names)
    file = None
    if spec is not None:
        _check_placements(spec, names, found)
        file = FleetFile(
            Snapshot(spec.options.now or _TAKEN_AT, tuple(sorted(clusters, key=lambda cluster: cluster.name))),
            tuple(requests),
            _previous(spec, requests, members, found),
            Options(normalize_over=NormalizeOver(spec.options.normalize_over)),
            {name: expect.expected() for name, expect in sorted(spec.expect.items())},
            tuple(jobs),
        )
    mistakes += located(found, document, _NAMED)
    return file


def _clusters(raw: object, mistakes: list[Mistake]) -> list[Cluster]:
    """Clusters, with what the file's own `skus` and `prices` say of their nodes."""
    written = raw if isinstance(raw, Mapping) else {}
    skus = parse_skus(written.get("skus") or {}, "skus", mistakes)
    prices = parse_prices(written.get("prices") or {}, "prices", mistakes)
    specs = (
        read(ClusterSpec, item, join("clusters", name), Spelling.FILE, mistakes)
        for name, item in named_items(raw, "clusters")
    )
    return [spec.cluster(skus, prices) for spec in specs if spec is not None]


def _requests(raw: object, base: Path, mistakes: list[Mistake]) -> list[Request]:
    found = (
        parse_file_placement(item, join("placements", name), base, mistakes)
        for name, item in named_items(raw, "placements")
    )
    return [request for request in found if request is not None]


def _jobs(raw: object, members: frozenset[str], mistakes: list[Mistake]) -> list[JobRequest]:
    found = (parse_file_job(item, join("jobs", name), members, mistakes) for name, item in named_items(raw, "jobs"))
    taken = set(item_names(raw, "placements"))
    jobs = [job for job in found if job is not None]
    mistakes += [
        Mistake(join("jobs", job.name), "the name of a placement too (expected one of its own).")
        for job in jobs
        if job.name in taken
    ]
    return jobs


def _check_placements(spec: FleetFileSpec, placements: Iterable[str], mistakes: list[Mistake]) -> None:
    """Names of placements outside their list."""
    known = sorted(placements)
    named = [(join("previous", name), name) for name in spec.previous]
    named += [(join("edited", index), name) for index, name in enumerate(spec.edited)]
    named += [(join("expect", name), name) for name in spec.expect]
    for path, name in named:
        if name not in known:
            expected = ", ".join(known) or "none is there"
            message = f"unknown placement `{name}` (expected a placement: {expected}).{did_you_mean(name, known)}"
            mistakes.append(Mistake(path, message))


def _previous(
    spec: FleetFileSpec, requests: Iterable[Request], members: Iterable[str], mistakes: list[Mistake]
) -> dict[str, Previous]:
    members, found = tuple(members), dict[str, Previous]()
    for request in requests:
        if request.name in spec.previous or request.name in spec.edited:
            counts, edited = spec.previous.get(request.name, {}), request.name in spec.edited
            found[request.name] = parse_previous(counts, request, members, edited=edited, mistakes=mistakes)
    return found
