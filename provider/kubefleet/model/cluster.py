"""A member cluster as the scheduler sees it."""

from dataclasses import dataclass, field
from enum import StrEnum

from immutabledict import immutabledict

from kubefleet.model.amounts import NOTHING, Amounts
from kubefleet.model.booking import Booking
from kubefleet.model.growth import NO_GROWTH, Growth
from kubefleet.model.holding import Holding
from kubefleet.model.property import Property
from kubefleet.model.shape import NodeShape
from kubefleet.model.standing import Surroundings
from kubefleet.model.taint import Taint


class ClusterState(StrEnum):
    """Whether a cluster takes work, and if not, why. The first four may still hold what runs there."""

    READY = "ready"
    CORDONED = "cordoned"
    NOT_READY = "not-ready"
    UNREACHABLE = "unreachable"
    DRAINED = "drained"
    LEAVING = "leaving"
    PLANNED = "planned"


@dataclass(frozen=True, slots=True)
class Cluster:
    """Frozen facts of one member at `Snapshot.taken_at`.

    `uid` is that of its kube-system namespace, empty where unknown. `namespaces` and `apis` (`apps/v1/Deployment`)
    are None when every one counts as present. `pending` sums the requests of pods that no node holds yet.
    `why` is the observed reason of a state other than ready. Where `capacity_known` is False (a planned cluster
    without node pools) there are no shapes, and capacity limits nothing. `holdings` are the inventory objects there.
    `growth` is what it may add to its shapes. `surroundings` are what requests find in its namespaces, None where
    nobody asked.
    """

    name: str
    uid: str = ""
    state: ClusterState = ClusterState.READY
    why: str = ""
    labels: immutabledict[str, str] = field(default_factory=immutabledict)
    taints: tuple[Taint, ...] = ()
    properties: immutabledict[str, Property] = field(default_factory=immutabledict)
    shapes: tuple[NodeShape, ...] = ()
    pending: Amounts = NOTHING
    namespaces: frozenset[str] | None = None
    apis: frozenset[str] | None = None
    bookings: tuple[Booking, ...] = ()
    kubernetes_version: str = ""
    capacity_known: bool = True
    holdings: tuple[Holding, ...] = ()
    growth: Growth = NO_GROWTH
    surroundings: Surroundings | None = None
