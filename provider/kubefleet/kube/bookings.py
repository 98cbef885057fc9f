"""Bookings, from the inventory objects of a cluster."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kubefleet.kube.inventory_object import InventoryBooking, InventoryObject, parse_inventory_object
from kubefleet.model.booking import Booking
from kubefleet.model.holding import Holding


def read_inventory_objects(configmaps: Iterable[Mapping[str, Any]]) -> tuple[InventoryObject, ...]:
    """The inventory objects in a list of ConfigMaps, sorted by uid.

    Raises ValueError for one that is malformed: capacity that is booked and not seen would be given away twice.
    """
    return tuple(sorted((parse_inventory_object(item) for item in configmaps), key=lambda found: found.uid))


def booked(inventories: Sequence[InventoryObject]) -> tuple[tuple[InventoryObject, InventoryBooking], ...]:
    """Every booking with the inventory object it stands in, in one fixed order."""
    return tuple(
        (inventory, booking)
        for inventory in inventories
        for booking in sorted(inventory.bookings, key=lambda item: item.workload)
    )


def make_bookings(inventories: Sequence[InventoryObject], live: Sequence[int]) -> tuple[Booking, ...]:
    """The scheduler's bookings; `live` counts the live pods of each, in the order of `booked`."""
    return tuple(
        Booking(
            uid=inventory.uid,
            placement=inventory.placement,
            workload=booking.workload,
            replicas=booking.replicas,
            requests=booking.requests,
            live=pods,
            labels=booking.labels,
            fleet=inventory.fleet,
            apart=booking.apart,
        )
        for (inventory, booking), pods in zip(booked(inventories), live, strict=True)
    )


def make_holdings(inventories: Sequence[InventoryObject]) -> tuple[Holding, ...]:
    """Which placements have something there, and how far each got."""
    return tuple(
        Holding(found.uid, found.placement, found.fleet, found.revision, found.completed) for found in inventories
    )
