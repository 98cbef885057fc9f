"""What one member says of itself: everything that a snapshot needs, read at once."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from immutabledict import immutabledict

from kubefleet.kube.autoscaling import Autoscaling, read_autoscaling
from kubefleet.kube.bookings import booked, make_bookings, make_holdings, read_inventory_objects
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError, BadAnswer, Unreachable
from kubefleet.kube.fan_out import fan_out
from kubefleet.kube.given_properties import read_cluster_properties
from kubefleet.kube.growing import find_growth
from kubefleet.kube.interest import Interest
from kubefleet.kube.inventory_object import KIND_LABEL, NAMESPACE, InventoryObject
from kubefleet.kube.list_pages import NODE_PAGE, POD_PAGE, RULED_POD_PAGE
from kubefleet.kube.load import Load, LoadCounter
from kubefleet.kube.nodes import Node, make_shapes, read_node
from kubefleet.kube.properties import collect_properties
from kubefleet.kube.standing import StandingCounter
from kubefleet.kube.surroundings import read_surroundings
from kubefleet.model.amounts import Amounts
from kubefleet.model.booking import Booking
from kubefleet.model.growth import Growth
from kubefleet.model.holding import Holding
from kubefleet.model.node_pool import NodePool, completed
from kubefleet.model.property import Property
from kubefleet.model.shape import NodeShape, with_skus
from kubefleet.model.sku import NO_SKUS, SkuTable
from kubefleet.model.standing import Surroundings

_METADATA: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_RUNNING: Final = "status.phase!=Succeeded,status.phase!=Failed"
_GRACE: Final = 0.5
YOUNG: Final = timedelta(minutes=30)
"""How old a cluster is when all nodes of its first pools count as arrived."""
_NOBODY_ASKS: Final = Interest()


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """Facts in the words of `Cluster`. `not_ready` says why the cluster should get nothing new, empty if it may.

    A cluster is not ready when its API server says so itself, or when it has nodes and none of them is ready. Without
    any node it is ready and has no room, which says more. A young one is completed from its declared pools: nodes that
    are on their way count as there.
    """

    uid: str
    version: str
    not_ready: str
    namespaces: frozenset[str]
    apis: frozenset[str]
    shapes: tuple[NodeShape, ...]
    pending: Amounts
    properties: immutabledict[str, Property]
    bookings: tuple[Booking, ...]
    holdings: tuple[Holding, ...]
    growth: Growth
    surroundings: Surroundings | None


def read_member(
    connection: Connection,
    *,
    within: float,
    now: datetime,
    pools: Sequence[NodePool] = (),
    skus: SkuTable = NO_SKUS,
    interest: Interest = _NOBODY_ASKS,
) -> MemberFacts:
    """Ask a member everything, in seven threads, within `within` seconds altogether. `pools` are those declared for it,
    `now` tells whether it is young, `skus` what its instance types are. Beside amounts only that is read which
    somebody has an `interest` in.

    Raises Unreachable when it takes longer, ApiError when something may not be read, BadAnswer for what is malformed.
    """
    asked = connection.by(time.monotonic() + within)
    questions: list[Callable[[Connection], Any]] = [
        _standing,
        lambda member: _served(member, interest),
        _nodes,
        lambda member: _load(member, interest),
        _autoscaling,
        read_cluster_properties,
        lambda member: read_surroundings(member, interest),
    ]
    outcomes = fan_out(questions, lambda question: question(asked), within=within + _GRACE)
    for outcome in outcomes:
        if isinstance(outcome.error, TimeoutError):
            raise Unreachable(connection.name, f"no complete answer within {within:g} s")
    answers = [outcome.get() for outcome in outcomes]
    (version, unready), served, nodes, (inventories, load), autoscaling, given, surroundings = answers
    (uid, created), namespaces, apis, labels = served
    shapes = make_shapes(nodes, load.by_node, interest, load.standing)
    young = bool(pools) and created is not None and now - created < YOUNG
    if young:
        shapes = completed(shapes, pools)
    shapes = with_skus(shapes, skus)
    return MemberFacts(
        uid=uid,
        version=version,
        not_ready=unready or ("" if young else _without_ready_node(nodes)),
        namespaces=namespaces,
        apis=apis,
        shapes=shapes,
        pending=load.pending,
        properties=immutabledict({**collect_properties(nodes, shapes, load.pending, version), **given}),
        bookings=make_bookings(inventories, load.live),
        holdings=make_holdings(inventories),
        growth=find_growth(shapes, pools, autoscaling),
        surroundings=replace(surroundings, namespace_labels=labels) if surroundings is not None else None,
    )


def _standing(connection: Connection) -> tuple[str, str]:
    """Its version, and why it is not ready, if so."""
    version = str(connection.get("/version").get("gitVersion") or "")
    try:
        connection.get_text("/readyz")
    except ApiError as error:
        # Whoever may not ask for its health learns of it by what else it answers.
        return version, "" if error.status in {401, 403, 404} else f"API server not ready: {error.message}"
    return version, ""


def _autoscaling(connection: Connection) -> Autoscaling:
    """Whatever takes longer than half the time that there is counts as not readable: it must not cost the member."""
    deadline, now = connection.patience.deadline, time.monotonic()
    return read_autoscaling(connection if deadline is None else connection.by(now + (deadline - now) / 2))


_Served = tuple[
    tuple[str, datetime | None], frozenset[str], frozenset[str], immutabledict[str, immutabledict[str, str]]
]


def _served(connection: Connection, interest: Interest) -> _Served:
    """The kube-system namespace's uid and since when it is there, the namespaces that are not on their way out, the
    APIs, and labels of namespaces.
    """
    uid, created, names, labels = "", None, [], {}
    for item in connection.list("/api/v1/namespaces", accept=_METADATA):
        metadata = item.get("metadata")
        if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
            raise BadAnswer(connection.name, "a namespace has no name")
        if metadata["name"] == "kube-system":
            uid, created = str(metadata.get("uid") or ""), _moment(metadata.get("creationTimestamp"))
        if not metadata.get("deletionTimestamp"):
            names.append(metadata["name"])
        if interest.templates and metadata.get("labels"):
            labels[metadata["name"]] = immutabledict(sorted(metadata["labels"].items()))
    if not uid:
        raise BadAnswer(connection.name, "no namespace kube-system (expected a Kubernetes cluster)")
    return (uid, created), frozenset(names), connection.apis().apis, immutabledict(sorted(labels.items()))


def _moment(text: object) -> datetime | None:
    """A time as the API server writes it; None for anything else: whose age is not known is not young."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _nodes(connection: Connection) -> tuple[Node, ...]:
    try:
        return tuple(
            sorted(
                (read_node(item) for item in connection.list("/api/v1/nodes", page=NODE_PAGE)),
                key=lambda node: node.name,
            )
        )
    except ValueError as error:
        raise BadAnswer(connection.name, str(error)) from error


def _load(connection: Connection, interest: Interest) -> tuple[tuple[InventoryObject, ...], Load]:
    """The inventory objects, then the pods: whose pods are to be recognised must be known first."""
    path = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
    try:
        inventories = read_inventory_objects(connection.list(path, labelSelector=f"{KIND_LABEL}=inventory"))
    except ValueError as error:
        raise BadAnswer(connection.name, str(error)) from error
    standing = StandingCounter(interest) if interest.templates else None
    counter = LoadCounter([booking for _, booking in booked(inventories)], standing)
    page = POD_PAGE if standing is None else RULED_POD_PAGE
    for pod in connection.list("/api/v1/pods", page=page, fieldSelector=_RUNNING):
        counter.count(pod)
    return inventories, counter.result()


def _without_ready_node(nodes: tuple[Node, ...]) -> str:
    return f"none of its {len(nodes)} nodes is ready" if nodes and not any(node.ready for node in nodes) else ""
