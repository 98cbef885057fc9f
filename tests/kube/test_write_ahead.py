from dataclasses import replace

import pytest

from kubefleet.kube.inventory_object import InventoryBooking
from kubefleet.kube.object_ref import ObjectRef
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.kube.write_ahead import write_ahead

pytestmark = pytest.mark.fast

WEB = PlacementIdentity("a" * 16, "web", "prod", "shop", "ada")
A, B, C = (ObjectRef("v1", "ConfigMap", "shop", name) for name in "abc")


def booked(replicas: int, workload: str = "Deployment/shop/web") -> InventoryBooking:
    return InventoryBooking(workload, replicas)


THREE = (booked(3),)


def ahead(stored, revision="r1", refs=(A, B), bookings=THREE):
    return write_ahead(stored, WEB, revision, refs, bookings, "c-1")


FIRST = ahead(None)
DONE = replace(FIRST, completed=True, resource_version="7")


def test_the_first_record_lists_all_and_is_not_completed():
    assert (FIRST.objects, FIRST.completed, FIRST.operator, FIRST.previous) == ((A, B), False, "ada", "")


def test_nothing_to_do_leaves_the_record_as_it_is():
    assert ahead(DONE) == DONE


def test_a_run_that_was_cut_short_finds_its_own_record():
    assert ahead(FIRST) == FIRST


def test_a_new_revision_keeps_the_old_objects_and_remembers_what_was_completed():
    found = ahead(DONE, "r2", (B, C))
    assert (found.objects, found.revision, found.previous, found.completed) == ((A, B, C), "r2", "r1", False)
    assert found.resource_version == "7"


def test_finished_jobs_are_those_of_one_revision():
    stored = replace(DONE, finished=("shop/migrate",))
    assert ahead(stored).finished == ("shop/migrate",)
    assert ahead(stored, "r2").finished == ()


def test_what_was_never_completed_is_not_remembered_as_previous():
    assert ahead(ahead(DONE, "r2"), "r3").previous == "r1"


def test_objects_that_leave_make_the_record_incomplete_until_they_are_pruned():
    found = ahead(DONE, refs=(A,))
    assert (found.objects, found.completed) == ((A, B), False)


@pytest.mark.parametrize(("old", "new", "booked_until_done"), [(3, 7, 7), (7, 3, 7)])
def test_the_larger_booking_holds_until_the_step_is_done(old, new, booked_until_done):
    stored = replace(DONE, bookings=(booked(old),))
    found = ahead(stored, bookings=(booked(new),))
    assert [item.replicas for item in found.bookings] == [booked_until_done]
    assert not found.completed


def test_the_booking_of_a_workload_that_leaves_is_kept_until_it_is_gone():
    found = ahead(DONE, bookings=(booked(1, "Deployment/shop/api"),))
    assert [(item.workload, item.replicas) for item in found.bookings] == [
        ("Deployment/shop/api", 1),
        ("Deployment/shop/web", 3),
    ]


def test_the_first_operator_stays_and_a_new_name_of_the_stack_is_taken():
    other = PlacementIdentity("a" * 16, "web", "prod", "renamed", "bob")
    found = write_ahead(DONE, other, "r1", (A, B), (booked(3),), "c-1")
    assert (found.operator, found.stack) == ("ada", "renamed")
