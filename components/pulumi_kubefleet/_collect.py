"""What a program declared, gathered when it has run: the inputs of the fleet's resources."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

import pulumi

from kubefleet.model.apply_options import WRITTEN
from kubefleet.resources.keys import job_key, ordinals_key, overrides_key, redo_key, to_key
from kubefleet.spec.mistakes import Mistake
from kubefleet.spec.ordinals import wants_ranges
from kubefleet.spec.selection_record import record_of
from kubefleet.spec.workload_cuts import cut_workloads
from pulumi_kubefleet._checks import checks_for
from pulumi_kubefleet._knowledge import read_knowledge
from pulumi_kubefleet._known import when_known
from pulumi_kubefleet._manifests import Read, as_input, read_manifests
from pulumi_kubefleet._record import plain
from pulumi_kubefleet._secrets import fleet_secrets, health_secrets, member_secrets, strategy_secrets
from pulumi_kubefleet._templates import Template, read_template
from pulumi_kubefleet.identity import IdentityFederation
from pulumi_kubefleet.job import Job
from pulumi_kubefleet.member import MemberCluster
from pulumi_kubefleet.overrides import as_input as overrides_input
from pulumi_kubefleet.placement import Placement
from pulumi_kubefleet.strategies import stage_names

if TYPE_CHECKING:
    from pulumi_kubefleet.fleet import Fleet

T = TypeVar("T")
SCHEMA = 1
_OF_ROLLOUT = (
    "strategy",
    "labels",
    "replicas",
    "paused",
    "divide_companions",
    "move",
    "before_remove",
    "restart_on",
)


@dataclass(frozen=True)
class Collection:
    """Everything that one fleet declared. Its methods give the inputs of one resource each."""

    fleet: "Fleet"
    members: Mapping[str, MemberCluster]
    placements: tuple[Placement, ...]
    manifests: Mapping[str, Read]
    mistakes: tuple[Mistake, ...]
    sources: Mapping[str, str]
    knowledge: Mapping[str, Any]
    jobs: tuple[Job, ...] = ()
    templates: Mapping[str, Template] = field(default_factory=dict)

    def access(self) -> dict[str, Any]:
        """Member -> how it is reached and what becomes of its workloads when it leaves."""
        return {
            name: {key: member._raw.get(key) for key in ("access", "leave")}
            | {key: member._raw[key] for key in ("uid", "join") if key in member._raw}
            for name, member in self.members.items()
        }

    def identity(self) -> dict[str, Any]:
        """Under whose identity the fleet acts, where it says so."""
        if self.fleet._identity is None:
            return {}
        hub = self.fleet._of_all.get("hub")
        return {"identity": {**self.fleet._identity, **({"hub": plain(hub)} if hub is not None else {})}}

    def _identities(self) -> dict[str, Any]:
        """As `identity`, without what is about placements alone: a change of that is no reason to join again."""
        found = self.identity()
        return {key: {name: of[name] for name in of if name != "on_denied"} for key, of in found.items()}

    def has_accounts(self) -> bool:
        """Whether the fleet's identities have accounts on a hub."""
        if self.fleet._identity is None or self.fleet._of_all.get("hub") is None:
            return False
        # Most programs have none, and this takes pydantic.
        from kubefleet.spec.identity import AUTO, WITH_HUB

        return self.fleet._identity.get("mode", AUTO) in (AUTO, *WITH_HUB)

    def accounts(self) -> dict[str, Any]:
        """Inputs of `Hub`."""
        return {"schema": SCHEMA, "fleet": self.fleet.fleet_name, **self._identities()}

    def joining(self, name: str) -> dict[str, Any]:
        """Inputs of `Join`."""
        raw = self.members[name]._raw
        written: dict[str, Any] = {key: raw[key] for key in ("access", "uid", "authentication_config") if key in raw}
        return {"schema": SCHEMA, "fleet": self.fleet.fleet_name, "member": name, **written, **self._identities()}

    def ownership(self, placement: Placement) -> dict[str, Any]:
        """Inputs of `Ownership`: the manifests stand here and nowhere else."""
        name = placement.placement_name
        scope = f"{_stack()}/{self.fleet.fleet_name}/{name}"
        return {
            "schema": SCHEMA,
            "fleet": self.fleet.fleet_name,
            "placement": name,
            "scope": scope,
            "stack": _stack(),
            "members": self.access(),
            "manifests": {item.key: as_input(item.object) for item in self.manifests[name].objects},
            **self.identity(),
            **({"overrides": overrides_input(placement._raw["overrides"])} if overridden(placement) else {}),
        }

    def schedule(self, owners: Mapping[str, tuple[pulumi.Output[str], pulumi.Output[str]]]) -> dict[str, Any]:
        """Inputs of `Schedule`: all requests. What is only passing is taken out again by its check."""
        placements = {}
        for placement in self.placements:
            name = placement.placement_name
            uid, revision = owners[name]
            read = self.manifests[name]
            objects = read.objects
            workloads = cut_workloads((item.object for item in objects), when_known)
            placements[name] = {
                # Overrides stand beside the manifests, and nowhere else.
                **{key: value for key, value in placement._raw.items() if key != "overrides"},
                "uid": uid,
                "revision": revision,
                "workloads": workloads,
                "objects": [item.key for item in objects],
                **({"selection": record_of(read.selection)} if read.selection is not None else {}),
            }
        computed = {key(name): None for key in (to_key, redo_key) for name in placements}
        computed |= {overrides_key(item.placement_name): None for item in self.placements if overridden(item)}
        computed |= {job_key(name): None for name in self.templates}
        computed |= {ordinals_key(item.placement_name): None for item in self.placements if wants_ranges(item._raw)}
        return {
            "schema": SCHEMA,
            "fleet": self.fleet.fleet_name,
            "members": {name: member._raw for name, member in self.members.items()},
            "placements": placements,
            "mistakes": pulumi.Output.from_input(self._all_mistakes()),
            "sources": dict(self.sources),
            "left_out": self._left_out() or None,
            **self._all_jobs(),
            "preview": pulumi.runtime.is_dry_run(),
            **({"knowledge": dict(self.knowledge)} if self.knowledge else {}),
            **({"health": self.fleet._health} if self.fleet._health not in (None, []) else {}),
            **self.identity(),
            "leaving": None,
            "stray": None,
            **computed,
        }

    def _all_jobs(self) -> dict[str, Any]:
        """The jobs of `Schedule`, and what their uids are made of; nothing where there are none."""
        if not self.jobs:
            return {}
        records = {job.job_name: self.declared(job) for job in self.jobs}
        queues = {"queues": self.fleet._queues} if self.fleet._queues else {}
        return {**queues, "jobs": records, "scope": f"{_stack()}/{self.fleet.fleet_name}"}

    def declared(self, job: Job) -> dict[str, Any]:
        """The arguments of a job, and what `Schedule` has to know of its template, if that can be read."""
        template = self.templates.get(job.job_name)
        return {**job._raw, **(template.record if template is not None else {})}

    def dispatching(self, job: Job) -> dict[str, Any]:
        """Inputs of `Dispatch`, of a job with a template; `hub` is where its account is kept too."""
        hub = self.fleet._of_all.get("hub")
        return {
            "schema": SCHEMA,
            "fleet": self.fleet.fleet_name,
            "job": job.job_name,
            "stack": _stack(),
            "members": {name: member._raw for name, member in self.members.items()},
            "declared": self.declared(job),
            "template": as_input(self.templates[job.job_name].object),
            **({"hub": plain(hub)} if hub is not None else {}),
            **self.identity(),
        }

    def _left_out(self) -> list[str]:
        """Objects of manifests of which something was selected that no placement takes."""
        taken = {item.key for read in self.manifests.values() for item in read.objects}
        return sorted(frozenset().union(*(read.left for read in self.manifests.values())) - taken)

    async def _all_mistakes(self) -> list[dict[str, Any]]:
        """With those that show only when the Outputs in what the members declare are there."""
        secrets = [await member_secrets(name, member._raw) for name, member in self.members.items()]
        secrets.append(await fleet_secrets(self.knowledge))
        secrets.append(await health_secrets("fleet.health", self.fleet._health))
        for placement in self.placements:
            path, raw = f"placements.{placement.placement_name}", placement._raw
            secrets.append(await health_secrets(f"{path}.health", raw.get("health")))
            secrets.append(await strategy_secrets(f"{path}.strategy", raw.get("strategy")))
            secrets.append(await strategy_secrets(f"{path}.before_remove", raw.get("before_remove")))
        return [asdict(mistake) for mistake in (*self.mistakes, *chain.from_iterable(secrets))]

    def rollout(self, placement: Placement) -> dict[str, Any]:
        """Inputs that `Stage` and `Settle` share."""
        written = {key: placement._raw[key] for key in _OF_ROLLOUT if key in placement._raw}
        if options := {key: placement._raw[key] for key in WRITTEN if key in placement._raw}:
            written["options"] = options
        if apart := (placement._raw.get("policy") or {}).get("anti_affinity"):
            written["apart"] = apart
        keys = (item.key for item in self.manifests[placement.placement_name].objects)
        checks = checks_for(self.fleet._health, placement._raw.get("health"), keys)
        if checks != []:
            written["health"] = checks
        return {
            "schema": SCHEMA,
            "fleet": self.fleet.fleet_name,
            "placement": placement.placement_name,
            "stack": _stack(),
            "members": self.access(),
            **self.identity(),
            **written,
        }

    def stages(self, placement: Placement) -> list[str]:
        """The names of the stages of a staged rollout, in order; empty where it is not staged."""
        return stage_names(placement._raw.get("strategy"))

    def staging(self, placement: Placement, stage: str, after: Mapping[str, Any]) -> dict[str, Any]:
        """Inputs of a stage of a staged rollout, beside those that all share."""
        return {
            "stage": stage,
            "after": dict(list(after.items())[-1:]),
            "clusters": self._labels(),
            "approvals": _approvals(placement),
            "expedite": pulumi.Config("kubefleet").get("expedite"),
        }

    def settling(self, placement: Placement) -> dict[str, Any]:
        """Inputs of `Settle`: a staged rollout goes back stage by stage, and removals may need an approval."""
        clusters = {"clusters": self._labels()} if self.stages(placement) else {}
        gated = placement._raw.get("before_remove") is not None
        return {**clusters, **({"approvals": _approvals(placement)} if gated else {})}

    def _labels(self) -> dict[str, Any]:
        return {name: member._raw.get("labels") or {} for name, member in self.members.items()}


def overridden(placement: Placement) -> bool:
    """Whether its objects differ from cluster to cluster."""
    return placement._raw.get("overrides") not in (None, [])


def _approvals(placement: Placement) -> Any:
    """As the program says, else as the stack's configuration does."""
    given = placement._raw.get("approvals")
    return pulumi.Config("kubefleet").get_object("approvals") or [] if given is None else given


def _stack() -> str:
    return f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"


def collect(fleet: "Fleet") -> Collection:
    """Gather members, placements and manifests; mistakes are listed, never raised."""
    mistakes = [
        Mistake(f"fleet.{field}", f"unknown argument `{field}` of Fleet. Remove it.") for field in fleet._unknown
    ]
    given = fleet._given_identity
    if given is not None and not isinstance(given, IdentityFederation):
        seen = f"`{given.__name__}`" if isinstance(given, type) else f"a `{type(given).__name__}`"
        mistakes.append(Mistake("fleet.identity", f"bad value: {seen} (expected `IdentityFederation(...)`)."))
    sources = {"fleet": fleet._source}
    members: dict[str, MemberCluster] = {}
    for member in fleet._members:
        _add_once(members, "members", member.member_name, member, member._source, sources, mistakes)
    placements: dict[str, Placement] = {}
    for placement in fleet._placements:
        _add_once(placements, "placements", placement.placement_name, placement, placement._source, sources, mistakes)
    manifests: dict[str, Read] = {}
    for name, placement in placements.items():
        manifests[name], wrong = read_manifests(placement)
        mistakes.extend(wrong)
    jobs: dict[str, Job] = {}
    for job in fleet._jobs:
        _add_once(jobs, "jobs", job.job_name, job, job._source, sources, mistakes)
    templates: dict[str, Template] = {}
    for name, job in jobs.items():
        template, wrong = read_template(job)
        mistakes.extend(wrong)
        if template is not None:
            templates[name] = template
    knowledge, wrong = read_knowledge(fleet)
    mistakes.extend(wrong)
    return Collection(
        fleet,
        members,
        tuple(placements.values()),
        manifests,
        tuple(mistakes),
        sources,
        knowledge,
        tuple(jobs.values()),
        templates,
    )


def _add_once(
    taken: dict[str, T],
    kind: str,
    name: str,
    item: T,
    source: str,
    sources: dict[str, str],
    mistakes: list[Mistake],
) -> None:
    path = f"{kind}.{name}"
    if name in taken:
        first = sources[path]
        mistakes.append(Mistake(path, f"`{name}` is declared twice, at {first} and at {source}. Rename one of them."))
        return
    taken[name] = item
    sources[path] = source
