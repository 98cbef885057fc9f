"""The first plan of every job of a fleet: what room its placements leave, and which indexes go where."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from immutabledict import immutabledict

from kubefleet.jobs.assign import assign
from kubefleet.jobs.divide import Demand, DivideJobBy, DoesNotFit, Part, Site, divide_job
from kubefleet.jobs.gang import Gang, Seat, all_or_nothing, in_one_domain
from kubefleet.jobs.indexes import Indexes, span
from kubefleet.model.reason import Reason
from kubefleet.model.request import Request
from kubefleet.model.selector import Expr
from kubefleet.scheduling import Places, Room


@dataclass(frozen=True, slots=True)
class JobRequest:
    """A job: `request` is what one pod of it asks of a cluster, and where it may go. `durations` are milliseconds for
    each index, by cluster, `duration` those of clusters that are not named; `weights` the user's, 1 where none is. All
    pods of a `gang` run at once or none does.
    """

    request: Request
    by: DivideJobBy
    demand: Demand
    duration: int = 1000
    durations: Mapping[str, int] = field(default_factory=immutabledict)
    weights: Mapping[str, int] = field(default_factory=immutabledict)
    gang: Gang | None = None

    @property
    def name(self) -> str:
        """The job's."""
        return self.request.name

    def sites(self, pods: Mapping[str, int]) -> list[Site]:
        """What clusters are for it that have room for so many of its pods at once."""
        return [
            Site(name, room, self.durations.get(name, self.duration), self.weights.get(name, 1))
            for name, room in pods.items()
        ]


@dataclass(frozen=True, slots=True)
class ShardPlan:
    """What one cluster gets, and the `capacity` that it had for it: pods at once; on nodes for whose labels `nodes`
    hold.
    """

    indexes: Indexes
    part: Part
    capacity: int
    nodes: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class JobPlan:
    """One job's plan: shards by cluster, why other clusters may have none, and why it does not fit at all."""

    job: str
    shards: Mapping[str, ShardPlan]
    refused: Mapping[str, tuple[Reason, ...]]
    unfit: DoesNotFit | None = None

    @property
    def span(self) -> int:
        """Milliseconds until all is over."""
        return max((shard.part.span for shard in self.shards.values()), default=0)


def plan_jobs(room: Room, jobs: Sequence[JobRequest]) -> tuple[JobPlan, ...]:
    """By priority (high first), then as they come: each finds the room that those before it leave."""
    return tuple(_plan(room, job) for job in sorted(jobs, key=lambda job: -job.request.priority))


def seats_of(room: Room, job: JobRequest, among: Collection[str] | None = None) -> dict[str, Seat]:
    """What each cluster (of some, or of all) gets of a gang. Raises NoRoom."""
    if job.gang is Gang.ONE_CLUSTER:
        domains = room.domains(job.name)
        return in_one_domain([one for one in domains if among is None or one.cluster in among], job.demand)
    pods = room.places(job.name).pods
    sites = job.sites({name: count for name, count in pods.items() if among is None or name in among})
    return all_or_nothing(job.by, sites, job.demand)


def _plan(room: Room, job: JobRequest) -> JobPlan:
    places = room.places(job.name)
    if job.gang is not None:
        return _plan_gang(room, job, places)
    try:
        parts = divide_job(job.by, job.sites(places.pods), job.demand)
    except DoesNotFit as error:
        return JobPlan(job.name, immutabledict(), places.refused, error)
    room.take(job.name, {name: part.slots for name, part in parts.items()})
    indexes = assign({name: part.count for name, part in parts.items()}, span(0, job.demand.completions))
    shards = {name: ShardPlan(indexes[name], part, places.pods[name]) for name, part in parts.items()}
    return JobPlan(job.name, immutabledict(shards), places.refused)


def _plan_gang(room: Room, job: JobRequest, places: Places) -> JobPlan:
    try:
        seats = seats_of(room, job)
    except DoesNotFit as error:
        return JobPlan(job.name, immutabledict(), places.refused, error)
    shards = {}
    for name, seat in seats.items():
        count, duration = len(seat.indexes), job.durations.get(name, job.duration)
        part = Part(count, seat.slots, -(-count // seat.slots) * duration)
        room.take(job.name, {name: seat.slots}, seat.nodes)
        shards[name] = ShardPlan(seat.indexes, part, places.pods[name], seat.nodes)
    return JobPlan(job.name, immutabledict(shards), places.refused)
