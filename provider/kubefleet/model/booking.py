"""Bookings: the capacity that bindings take on a member cluster."""

from dataclasses import dataclass, field

from immutabledict import immutabledict

from kubefleet.model.affinity import Affinity
from kubefleet.model.amounts import NOTHING, Amounts


@dataclass(frozen=True, slots=True)
class Booking:
    """One workload of one binding, as its inventory object records it.

    `live` counts its non-terminal pods, which the snapshot's free capacity has already subtracted: the booking still
    takes max(0, replicas − live) × requests. `uid` is the placement's, `fleet` the fleet's that has placed it; `going`
    where this run removes it at its end. `apart` are its anti-affinities, whose names are all `FLEET/NAME`.
    """

    uid: str
    placement: str
    workload: str
    replicas: int
    requests: Amounts = NOTHING
    live: int = 0
    going: bool = False
    labels: immutabledict[str, str] = field(default_factory=immutabledict)
    fleet: str = ""
    apart: tuple[Affinity, ...] = ()
