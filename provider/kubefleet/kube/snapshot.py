"""The snapshot: what all members say of themselves, each within one deadline, none able to hold up the others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from immutabledict import immutabledict

from kubefleet.kube.connect import connect
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import Cancelled, MemberError, Unreachable
from kubefleet.kube.fan_out import fan_out
from kubefleet.kube.given_properties import Properties
from kubefleet.kube.hub import ask_hub
from kubefleet.kube.interest import Interest, interest_of
from kubefleet.kube.member_facts import MemberFacts, read_member
from kubefleet.kube.patience import never
from kubefleet.model.cluster import Cluster, ClusterState
from kubefleet.model.growth import Growth, declared_growth
from kubefleet.model.knowledge import Knowledge
from kubefleet.model.measured import measure
from kubefleet.model.member import Member
from kubefleet.model.node_pool import completed
from kubefleet.model.price import Prices, price_properties
from kubefleet.model.request import Request
from kubefleet.model.shape import with_skus
from kubefleet.model.sku import SkuTable
from kubefleet.model.snapshot import Snapshot
from kubefleet.spec.sku_table import shipped_skus


def _nobody_listens(member: str, why: str) -> None:
    """Nobody asked who is silent."""


def take_snapshot(
    members: Sequence[Member],
    *,
    taken_at: datetime,
    requests: Sequence[Request] = (),
    deadline: float = 15,
    max_parallel: int = 32,
    known_unreachable: Mapping[str, str] | None = None,
    on_silence: Callable[[str, str], None] = _nobody_listens,
    cancelled: Callable[[], bool] = never,
    knowledge: Knowledge | None = None,
    look: Callable[[Member], Connection] | None = None,
) -> tuple[Snapshot, Mapping[str, Connection]]:
    """The snapshot and the connections to the members that answered, by name.

    Everything that is asked of one member ends `deadline` seconds after its first request; a member that fails, in
    whatever way, is a cluster whose state is UNREACHABLE and whose `why` says what happened. Members in
    `known_unreachable` (name -> why) are not asked. `on_silence` is told name and why of each that could not be reached
    at all: one that answers, but not what is needed, may still be written to. Raises Cancelled only. `taken_at` is the
    caller's clock. What only rules about pods look at (labels of standing pods, quotas, ...) is read as far as it
    concerns one of the `requests`. Without `knowledge` there are the shipped SKU table, no prices and no hub; a hub
    that cannot be read costs the properties that it would have told. `look` opens the connection to a member, where its
    declared access is not for that.
    """
    knowledge = knowledge or Knowledge(shipped_skus())
    asking = _Asking(taken_at, deadline, known_unreachable or {}, cancelled, knowledge, interest_of(requests), look)
    profile = ask_hub(knowledge.hub, deadline) if knowledge.hub else _nothing_told
    clusters, connections = [], {}
    looks = fan_out(members, lambda member: _look(member, asking), max_parallel=max_parallel)
    for member, outcome in zip(members, looks, strict=True):
        if isinstance(outcome.error, Cancelled):
            raise outcome.error
        if isinstance(outcome.error, Unreachable):
            on_silence(member.name, outcome.error.why)
        if outcome.error is not None:
            clusters.append(_unreachable(member, _in_a_line(member, outcome.error)))
            continue
        cluster, connection = outcome.get()
        clusters.append(cluster)
        if connection is not None:
            connections[member.name] = connection
    declared = {member.name: member for member in members}
    described = (
        _described(cluster, declared[cluster.name], profile(cluster.name), knowledge.prices) for cluster in clusters
    )
    return Snapshot(taken_at, tuple(sorted(described, key=lambda cluster: cluster.name))), connections


@dataclass(frozen=True, slots=True)
class _Asking:
    """How members are asked: the arguments of `take_snapshot`."""

    now: datetime
    deadline: float
    known: Mapping[str, str]
    cancelled: Callable[[], bool]
    knowledge: Knowledge
    interest: Interest
    look: Callable[[Member], Connection] | None


def _nothing_told(_: str) -> Properties:
    """There is no hub."""
    return Properties()


def _described(cluster: Cluster, member: Member, profile: Properties, prices: Prices) -> Cluster:
    """With what the hub says of it and what it costs; the user's own word comes before both."""
    added = {**profile, **price_properties(cluster.shapes, member.labels.get("region", ""), prices)}
    if not added:
        return cluster
    properties = {**cluster.properties, **added, **member.properties}
    return replace(cluster, properties=immutabledict({name: properties[name] for name in sorted(properties)}))


def _look(member: Member, asking: _Asking) -> tuple[Cluster, Connection | None]:
    if member.access is None:
        return _planned(member, asking.knowledge.skus), None
    if (known := asking.known.get(member.name)) is not None:
        return _unreachable(member, known), None
    if asking.look is not None:
        connection = asking.look(member)
    else:
        connection = connect(member.name, member.access, answer_within=asking.deadline, cancelled=asking.cancelled)
    try:
        facts = read_member(
            connection,
            within=asking.deadline,
            now=asking.now,
            pools=member.node_pools,
            skus=asking.knowledge.skus,
            interest=asking.interest,
        )
    except BaseException:
        connection.close()
        raise
    return _live(member, facts), connection


def _live(member: Member, facts: MemberFacts) -> Cluster:
    """The cluster of a member that answered: what the user says of it wins over what was found."""
    state, why = _state(member, facts)
    properties = {**facts.properties, **member.properties}
    return Cluster(
        name=member.name,
        uid=facts.uid,
        state=state,
        why=why,
        labels=member.labels,
        taints=member.taints,
        properties=immutabledict({name: properties[name] for name in sorted(properties)}),
        shapes=facts.shapes,
        pending=facts.pending,
        namespaces=facts.namespaces,
        apis=facts.apis,
        bookings=facts.bookings,
        holdings=facts.holdings,
        kubernetes_version=facts.version,
        growth=facts.growth,
        surroundings=facts.surroundings,
    )


def _state(member: Member, facts: MemberFacts) -> tuple[ClusterState, str]:
    """What the user has said about it comes first; then what was seen."""
    if member.leaving:
        return ClusterState.LEAVING, "no longer declared"
    if facts.not_ready:
        return ClusterState.NOT_READY, facts.not_ready
    if member.cordoned:
        return ClusterState.CORDONED, "cordoned in the program"
    return ClusterState.READY, ""


def _planned(member: Member, skus: SkuTable) -> Cluster:
    """One that is still to be created: its declared pools stand for its nodes."""
    shapes = with_skus(completed((), member.node_pools), skus)
    properties = {**(measure(shapes) if shapes else {}), **member.properties}
    return Cluster(
        member.name,
        state=ClusterState.PLANNED,
        why="not created yet",
        labels=member.labels,
        taints=member.taints,
        properties=immutabledict({name: properties[name] for name in sorted(properties)}),
        shapes=shapes,
        capacity_known=bool(member.node_pools),
        growth=Growth(declared_growth(shapes, member.node_pools)),
    )


def _unreachable(member: Member, why: str) -> Cluster:
    """A cluster of which nothing is known but what the user declares."""
    return Cluster(
        member.name,
        state=ClusterState.UNREACHABLE,
        why=why,
        labels=member.labels,
        taints=member.taints,
        properties=member.properties,
    )


def _in_a_line(member: Member, error: Exception) -> str:
    if isinstance(error, Unreachable):
        return error.why
    if isinstance(error, MemberError):
        return str(error).removeprefix(f"{member.name}: ")
    return f"its answers could not be read: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
