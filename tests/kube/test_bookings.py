import pytest
from immutabledict import immutabledict

from kubefleet.kube.bookings import booked, make_bookings, read_inventory_objects
from kubefleet.kube.inventory_object import InventoryBooking, InventoryObject, format_inventory_object
from kubefleet.model.amounts import Amounts

pytestmark = pytest.mark.fast


def inventory(uid: str, *workloads: str) -> InventoryObject:
    bookings = tuple(
        InventoryBooking(
            workload,
            7,
            requests=Amounts({"cpu": 500}),
            selector=immutabledict({"app": "web"}),
            namespace="a",
            labels=immutabledict({"team": "x"}),
        )
        for workload in workloads
    )
    return InventoryObject(uid, f"placement-{uid}", "prod", "shop", "cluster", "r1", bookings=bookings)


def test_bookings_are_read_with_their_live_pods() -> None:
    configmaps = [
        format_inventory_object(inventory("b", "Deployment/a/z", "Deployment/a/y")),
        format_inventory_object(inventory("a", "Deployment/a/x")),
    ]
    inventories = read_inventory_objects(configmaps)
    assert [(item.uid, booking.workload) for item, booking in booked(inventories)] == [
        ("a", "Deployment/a/x"),
        ("b", "Deployment/a/y"),
        ("b", "Deployment/a/z"),
    ]
    found = make_bookings(inventories, (1, 2, 3))
    assert [(item.uid, item.placement, item.workload, item.live) for item in found] == [
        ("a", "placement-a", "Deployment/a/x", 1),
        ("b", "placement-b", "Deployment/a/y", 2),
        ("b", "placement-b", "Deployment/a/z", 3),
    ]
    assert (found[0].replicas, found[0].requests, found[0].labels) == (7, {"cpu": 500}, {"team": "x"})


def test_a_malformed_inventory_object_is_not_overlooked() -> None:
    configmap = format_inventory_object(inventory("a"))
    configmap["data"] = {}
    with pytest.raises(ValueError, match="inventory object `a`"):
        read_inventory_objects([configmap])


def test_counts_that_do_not_belong_to_the_bookings_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        make_bookings([inventory("a", "Deployment/a/x")], ())
