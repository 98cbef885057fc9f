"""The first plan of every job of a fleet: what room its placements leave, and which indexes go where."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Final

from immutabledict import immutabledict

from kubefleet.jobs.assign import assign
from kubefleet.jobs.cost import carbon_of, price_of
from kubefleet.jobs.divide import Demand, DivideJobBy, DoesNotFit, Part, Site, divide_job
from kubefleet.jobs.gang import Gang, Seat, all_or_nothing, in_one_domain
from kubefleet.jobs.indexes import Indexes, span
from kubefleet.model.cluster import Cluster
from kubefleet.model.reason import Reason
from kubefleet.model.request import Request
from kubefleet.model.selector import Expr
from kubefleet.scheduling import Places, Room

_FINE: Final = 10**12


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

    def sites(self, places: Places) -> list[Site]:
        """What clusters are for it. Those that do not say what an index costs there come after all others."""
        prices = _ranked({name: self.price_on(cluster) for name, cluster in places.clusters.items()})
        carbon = _ranked({name: self.carbon_on(cluster) for name, cluster in places.clusters.items()})
        return [
            Site(name, room, self.duration_on(name), self.weights.get(name, 1), prices[name], carbon[name])
            for name, room in places.pods.items()
        ]

    def duration_on(self, cluster: str) -> int:
        """Milliseconds for an index there."""
        return self.durations.get(cluster, self.duration)

    def price_on(self, cluster: Cluster) -> Fraction | None:
        """What an index costs there, None where nobody has said."""
        return price_of(cluster, self.request, self.duration_on(cluster.name))

    def carbon_on(self, cluster: Cluster) -> Fraction | None:
        """How it compares with others in CO2, None where nobody has said."""
        return carbon_of(cluster, self.duration_on(cluster.name))


@dataclass(frozen=True, slots=True)
class ShardPlan:
    """What one cluster gets, and the `capacity` that it had for it: pods at once; on nodes for whose labels `nodes`
    hold. `price` is that of all of its indexes, None where nobody has said what they cost there.
    """

    indexes: Indexes
    part: Part
    capacity: int
    nodes: tuple[Expr, ...] = ()
    price: Fraction | None = None


@dataclass(frozen=True, slots=True)
class JobPlan:
    """One job's plan: shards by cluster, why other clusters may have none, and why it does not fit at all. `lacks`:
    what its strategy would have to know, and no cluster says.
    """

    job: str
    shards: Mapping[str, ShardPlan]
    refused: Mapping[str, tuple[Reason, ...]]
    unfit: DoesNotFit | None = None
    lacks: str = ""

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
    places = room.places(job.name)
    pods = {name: count for name, count in places.pods.items() if among is None or name in among}
    return all_or_nothing(job.by, job.sites(replace(places, pods=pods)), job.demand)


def _plan(room: Room, job: JobRequest) -> JobPlan:
    places = room.places(job.name)
    if job.gang is not None:
        return _plan_gang(room, job, places)
    try:
        parts = divide_job(job.by, job.sites(places), job.demand)
    except DoesNotFit as error:
        return JobPlan(job.name, immutabledict(), places.refused, error)
    room.take(job.name, {name: part.slots for name, part in parts.items()})
    indexes = assign({name: part.count for name, part in parts.items()}, span(0, job.demand.completions))
    shards = {
        name: ShardPlan(indexes[name], part, places.pods[name], price=_price(job, places, name, part))
        for name, part in parts.items()
    }
    return JobPlan(job.name, immutabledict(shards), places.refused, lacks=_lacks(job, places))


def _plan_gang(room: Room, job: JobRequest, places: Places) -> JobPlan:
    try:
        seats = seats_of(room, job)
    except DoesNotFit as error:
        return JobPlan(job.name, immutabledict(), places.refused, error)
    shards = {}
    for name, seat in seats.items():
        count, duration = len(seat.indexes), job.duration_on(name)
        part = Part(count, seat.slots, -(-count // seat.slots) * duration)
        price = _price(job, places, name, part)
        shards[name] = ShardPlan(seat.indexes, part, places.pods[name], seat.nodes, price)
    late = max(shard.part.span for shard in shards.values())
    if job.demand.deadline is not None and late > job.demand.deadline:
        return JobPlan(job.name, immutabledict(), places.refused, DoesNotFit(0, late))
    for name, seat in seats.items():
        room.take(job.name, {name: seat.slots}, seat.nodes)
    return JobPlan(job.name, immutabledict(shards), places.refused, lacks=_lacks(job, places))


def _price(job: JobRequest, places: Places, cluster: str, part: Part) -> Fraction | None:
    each = job.price_on(places.clusters[cluster])
    return None if each is None else each * part.count


def _lacks(job: JobRequest, places: Places) -> str:
    asked = {DivideJobBy.CHEAPEST: (job.price_on, "costs"), DivideJobBy.GREENEST: (job.carbon_on, "g of CO2 per kWh")}
    if job.by not in asked:
        return ""
    known, what = asked[job.by]
    if any(known(cluster) is not None for cluster in places.clusters.values()):
        return ""
    return f"no cluster says its {what} (expected prices: a price file, or properties of members)"


def _ranked(costs: Mapping[str, Fraction | None]) -> dict[str, int]:
    """As whole numbers, which nothing but an order is read from; what is not known comes last."""
    known = [cost for cost in costs.values() if cost is not None]
    last = max(known, default=Fraction(0)) + 1
    return {name: int((last if cost is None else cost) * _FINE) for name, cost in costs.items()}
