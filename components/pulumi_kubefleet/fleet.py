"""A fleet of Kubernetes clusters, used as one computer."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from types import TracebackType
from typing import Any, Self, Unpack

import pulumi

from kubefleet.jobs.indexes import MOST, parse_indexes
from kubefleet.model.counted import counted
from kubefleet.resources.keys import job_key, ordinals_key, overrides_key, redo_key, to_key
from kubefleet.spec.ordinals import wants_ranges
from pulumi_kubefleet._collect import SCHEMA, Collection, collect, overridden
from pulumi_kubefleet._program import program_error
from pulumi_kubefleet._record import plain
from pulumi_kubefleet._resources import Dispatch, Hub, Join, Outcome, Ownership, Schedule, Settle, Stage
from pulumi_kubefleet._source import caller
from pulumi_kubefleet.access import ExecCredential, Kubeconfig
from pulumi_kubefleet.health import HealthCheck
from pulumi_kubefleet.identity import IdentityFederation
from pulumi_kubefleet.job import Job, JobArguments
from pulumi_kubefleet.member import MemberArguments, MemberCluster
from pulumi_kubefleet.placement import Manifest, Placement, PlacementArguments

_OF_SCHEDULE = ["members", "placements", "leaving", "gone", "stray", "tainted"]


class Fleet(pulumi.ComponentResource):
    """A fleet: its members, its placements, and one schedule for all of them.

    Members and placements may be declared in any order, anywhere in the program; everything is checked and planned
    together when the program has run. `with Fleet(...) as fleet:` only makes the scope visible.

    Example:
        ```python
        fleet = Fleet("prod")
        fleet.member("eu-1", context="eu-1", labels={"region": "eu"})
        fleet.placement("web", manifests="k8s/web", policy=PickN(2), replicas=Divided())
        pulumi.export("plan", fleet.plan)
        ```

    Args:
        hub: the cluster whose ClusterProfiles describe members, by name: their properties are read from it.
        sku_file: rows for the table of instance types, or changes of its rows (YAML).
        price_file: what nodes cost and how clean their electricity is, by instance type or region (YAML).
        queues: how many jobs of a queue run at once: `{"batch": 2}`. Fair shares and preemption are Kueue's.
        health: health checks of your own that hold for the objects of all placements.
        identity: under which identities the fleet acts at its members; without it, by what each member declares.

    """

    plan: pulumi.Output[Mapping[str, str]]
    """Clusters and counts by placement: `{"web": "eu-1 x7, us-1 x5"}`. Nothing in it changes by itself."""

    def __init__(
        self,
        name: str,
        *,
        hub: Kubeconfig | ExecCredential | None = None,
        sku_file: str | PathLike[str] | None = None,
        price_file: str | PathLike[str] | None = None,
        queues: Mapping[str, int] | None = None,
        health: Sequence[HealthCheck] = (),
        identity: IdentityFederation | None = None,
        opts: pulumi.ResourceOptions | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__("kubefleet:index:Fleet", name, None, opts)
        self.fleet_name = name
        self._source = caller()
        self._unknown = unknown
        self._of_all = {"hub": hub, "sku_file": sku_file, "price_file": price_file}
        self._health: Any = plain(health)
        self._given_identity = identity
        self._identity: Any = plain(identity) if isinstance(identity, IdentityFederation) else None
        self._members: list[MemberCluster] = []
        self._placements: list[Placement] = []
        self._jobs: list[Job] = []
        self._queues = plain(queues)
        self._closed = False
        self._broken: BaseException | None = None
        self._planned: asyncio.Future[pulumi.Output[Mapping[str, str]]] = asyncio.Future()
        # The SDK waits for coroutines, and opens an Output that one returns; its types say neither: hence Any.
        waiting: Any = self._await_plan()
        self.plan = pulumi.Output.from_input(waiting)
        self._states: asyncio.Future[pulumi.Output[Mapping[str, str]]] = asyncio.Future()
        states: Any = self._await_states()
        self._states_of_jobs: pulumi.Output[Mapping[str, str]] = pulumi.Output.from_input(states)
        # Runs when the program's own code is through: the event loop gets its turn only then.
        running: Any = self._register()
        self._registered: pulumi.Output[None] = pulumi.Output.from_input(running)

    def member(
        self,
        name: str,
        *,
        opts: pulumi.ResourceOptions | None = None,
        **arguments: Unpack[MemberArguments],
    ) -> MemberCluster:
        """Declare a member cluster; the arguments are those of `MemberCluster`."""
        self._refuse_if_closed("member", name)
        member = MemberCluster(
            self,
            self.fleet_name,
            _distinct(name, [other.member_name for other in self._members]),
            opts=opts,
            **arguments,
        )
        member.member_name = name
        self._members.append(member)
        return member

    def placement(
        self,
        name: str,
        *,
        manifests: Manifest | Sequence[Manifest],
        opts: pulumi.ResourceOptions | None = None,
        **arguments: Unpack[PlacementArguments],
    ) -> Placement:
        """Declare a placement; the arguments are those of `Placement`."""
        self._refuse_if_closed("placement", name)
        placement = Placement(
            self,
            self.fleet_name,
            _distinct(name, [other.placement_name for other in self._placements]),
            manifests=manifests,
            opts=opts,
            **arguments,
        )
        placement.placement_name = name
        placement.plan = self.plan.apply(lambda plan: plan.get(name, "nowhere"))
        self._placements.append(placement)
        return placement

    def job(
        self,
        name: str,
        *,
        template: str | PathLike[str] | Mapping[str, Any],
        opts: pulumi.ResourceOptions | None = None,
        **arguments: Unpack[JobArguments],
    ) -> Job:
        """Declare a job; the arguments are those of `Job`."""
        self._refuse_if_closed("job", name)
        job = Job(
            self,
            self.fleet_name,
            _distinct(name, [other.job_name for other in self._jobs]),
            template=template,
            opts=opts,
            **arguments,
        )
        job.job_name = name
        job.plan = self.plan.apply(lambda plan: plan.get(name, "nowhere"))
        job.state = self._states_of_jobs.apply(lambda states: states.get(name, ""))
        self._jobs.append(job)
        return job

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._broken = error

    def _refuse_if_closed(self, noun: str, name: str) -> None:
        if self._closed:
            raise pulumi.RunError(
                f"fleet `{self.fleet_name}`: {noun} `{name}` is declared after the program has run, as inside `apply` "
                f"(expected in the program itself, or the preview could not show it). Declare it outside, and pass "
                f"the Output as an argument."
            )

    async def _await_plan(self) -> pulumi.Output[Mapping[str, str]]:
        return await self._planned

    async def _await_states(self) -> pulumi.Output[Mapping[str, str]]:
        return await self._states

    async def _register(self) -> None:
        self._closed = True
        if program_error() is not None:
            # The program's own error is shown by the SDK; half a fleet is never deployed.
            self._stopped()
            return
        if self._broken is not None:
            self._stopped()
            raise pulumi.RunError(
                f"fleet `{self.fleet_name}` is not deployed: {type(self._broken).__name__} was raised inside its "
                f"`with` block and caught outside, and half a fleet is never deployed. Nothing was changed."
            )
        self._planned.set_result(self._register_children(collect(self)))

    def _stopped(self) -> None:
        """Nobody waits for what will not come."""
        self._planned.set_result(pulumi.Output.from_input({}))
        self._states.set_result(pulumi.Output.from_input({}))

    def _register_children(self, collection: Collection) -> pulumi.Output[Mapping[str, str]]:
        """Ownership -> Schedule -> Stage -> Settle, and Dispatch, -> Outcome; returns the readable plan."""
        first = self._register_identities(collection)
        owners = {
            placement.placement_name: Ownership(
                f"{self.fleet_name}/{placement.placement_name}",
                collection.ownership(placement),
                # So that what it removes is removed while its identity is still known.
                _child_of(placement, hide=["manifests", "members"], after=first.values()),
            )
            for placement in collection.placements
        }
        schedule = Schedule(
            self.fleet_name,
            collection.schedule({name: (owner.uid, owner.revision) for name, owner in owners.items()}),
            _child_of(self, hide=_OF_SCHEDULE, after=first.values()),
        )
        hidden = ["members", "leaving"]
        phases: dict[str, Any] = {}
        decided: dict[str, pulumi.Output[Any]] = {}
        for placement in collection.placements:
            name = placement.placement_name
            decided[name] = getattr(schedule, to_key(name))
            common = {
                **collection.rollout(placement),
                "uid": owners[name].uid,
                "revision": owners[name].revision,
                "to": decided[name],
                "redo": getattr(schedule, redo_key(name)),
                "leaving": schedule.leaving,
                **({"overrides": getattr(schedule, overrides_key(name))} if overridden(placement) else {}),
                **({"ordinals": getattr(schedule, ordinals_key(name))} if wants_ranges(placement._raw) else {}),
            }
            after = self._register_stages(placement, collection, common, _child_of(placement, hide=hidden))
            inputs = {**common, **collection.settling(placement), "after": after}
            settle = Settle(f"{self.fleet_name}/{name}", inputs, _child_of(placement, hide=hidden))
            phases[name] = {**after, "settle": {"phase": settle.phase, "reason": settle.reason}}
            placement.register_outputs({})
        jobs = self._register_jobs(collection, schedule, first.values())
        outcome = {
            "schema": SCHEMA,
            "fleet": self.fleet_name,
            "phases": phases,
            "members": collection.access(),
            "leaving": schedule.leaving,
            "stray": schedule.stray,
            **collection.identity(),
        }
        if first:
            outcome["joins"] = {name: {"phase": made.phase, "reason": made.reason} for name, made in first.items()}
        if jobs:
            outcome["jobs"] = {name: {"phase": made.phase, "reason": made.reason} for name, made in jobs.items()}
        self._states.set_result(pulumi.Output.all(**{name: made.state for name, made in jobs.items()}))
        Outcome(self.fleet_name, outcome, _child_of(self, hide=hidden))
        divided = {placement.placement_name for placement in collection.placements if placement._divides}
        planned = {name: getattr(schedule, job_key(name)) for name in jobs}
        plan = pulumi.Output.all(placements=decided, jobs=planned).apply(
            lambda all_of: {
                **{
                    name: readable_decision(of, divided=name in divided)
                    for name, of in sorted(all_of["placements"].items())
                },
                **{name: readable_job(of) for name, of in sorted(all_of["jobs"].items())},
            }
        )
        self.register_outputs({"plan": plan})
        return plan

    def _register_identities(self, collection: Collection) -> dict[str, Hub | Join]:
        """What must be there before anybody acts under the fleet's identities: accounts on the hub, and joins."""
        made: dict[str, Hub | Join] = {}
        if collection.has_accounts():
            made["the hub"] = Hub(self.fleet_name, collection.accounts(), _child_of(self))
        hub = list(made.values())
        for name, member in collection.members.items():
            if member._raw.get("join") and self._identity is not None:
                options = _child_of(member, after=hub)
                made[name] = Join(f"{self.fleet_name}/{name}", collection.joining(name), options)
        return made

    def _register_jobs(
        self, collection: Collection, schedule: Schedule, after: Iterable[pulumi.Resource]
    ) -> dict[str, Dispatch]:
        """One resource for each job."""
        made = {}
        for job in collection.jobs:
            name = job.job_name
            if name not in collection.templates:
                # A mistake, which the check of `Schedule` reports.
                continue
            inputs = {**collection.dispatching(job), "plan": getattr(schedule, job_key(name))}
            options = _child_of(job, hide=["members", "template", "account", "declared"], after=after)
            options = pulumi.ResourceOptions.merge(options, job._after)
            made[name] = Dispatch(f"{self.fleet_name}/{name}", inputs, options)
            job.register_outputs({})
        return made

    def _register_stages(
        self,
        placement: Placement,
        collection: Collection,
        common: Mapping[str, Any],
        options: pulumi.ResourceOptions,
    ) -> dict[str, Any]:
        """One resource each, every one after the one before it; what became of them, by name."""
        after: dict[str, Any] = {}
        staged = collection.stages(placement)
        for stage in staged or ["all"]:
            inputs = {**common, **collection.staging(placement, stage, after)} if staged else common
            made = Stage(f"{self.fleet_name}/{placement.placement_name}/{stage}", inputs, options)
            told = ("phase", "reason", "pending", "broken")
            after[stage] = {key: getattr(made, key) for key in told}
        return after


def readable_decision(decision: Mapping[str, Mapping[str, float]] | None, *, divided: bool) -> str:
    """`eu-1 x7, us-1 x5`, or `eu-1, us-1` of whole copies: nothing that changes when the decision does not."""
    on = {name: int(sum(seats.values())) if divided else None for name, seats in (decision or {}).items()}
    return counted(on) or "nowhere"


def readable_job(planned: Mapping[str, Any] | None) -> str:
    """`eu-1 x7000, us-1 x3000`: the first plan of a job."""
    parts = (planned or {}).get("parts") or {}
    return counted({name: len(parse_indexes(part["indexes"], MOST)) for name, part in parts.items()}) or "nowhere"


def _distinct(name: str, taken: list[str]) -> str:
    """A resource name for what was declared under a name that is taken; the check reports the duplicate itself."""
    return name if name not in taken else f"{name} (declared again, {taken.count(name) + 1})"


def _child_of(
    parent: pulumi.Resource, hide: Sequence[str] = (), after: Iterable[pulumi.Resource] = ()
) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(parent=parent, hide_diffs=list(hide) or None, depends_on=list(after) or None)
