"""What the inventory object records before the first apply: all that may be there until the step is done. Pure."""

from dataclasses import replace

from kubefleet.kube.inventory_object import InventoryBooking, InventoryObject
from kubefleet.kube.object_ref import ObjectRef, union
from kubefleet.kube.placement_identity import PlacementIdentity


def write_ahead(
    stored: InventoryObject | None,
    identity: PlacementIdentity,
    revision: str,
    refs: tuple[ObjectRef, ...],
    bookings: tuple[InventoryBooking, ...],
    cluster_uid: str,
) -> InventoryObject:
    """Old and new objects, the larger booking of each workload; equal to `stored` when nothing is to be done.

    The operator stays the first one. `previous` is the revision that was last completed here.
    """
    if stored is None:
        return InventoryObject(
            identity.uid,
            identity.placement,
            identity.fleet,
            identity.stack,
            cluster_uid,
            revision,
            operator=identity.operator,
            objects=union(refs),
            bookings=by_workload(bookings),
        )
    moves_on = stored.completed and stored.revision != revision
    ahead = replace(
        stored,
        placement=identity.placement,
        fleet=identity.fleet,
        stack=identity.stack,
        cluster=cluster_uid,
        revision=revision,
        previous=stored.revision if moves_on else stored.previous,
        objects=union(stored.objects, refs),
        bookings=_larger(stored.bookings, bookings),
        finished=stored.finished if stored.revision == revision else (),
    )
    exact = ahead.objects == union(refs) and ahead.bookings == by_workload(bookings)
    return ahead if exact and same(ahead, stored) else replace(ahead, completed=False)


def same(left: InventoryObject, right: InventoryObject) -> bool:
    """Equal in all that is stored, the objects' uids too."""
    return left == right and [ref.uid for ref in left.objects] == [ref.uid for ref in right.objects]


def by_workload(bookings: tuple[InventoryBooking, ...]) -> tuple[InventoryBooking, ...]:
    """In the order in which they are stored."""
    return tuple(sorted(bookings, key=lambda item: item.workload))


def _larger(old: tuple[InventoryBooking, ...], new: tuple[InventoryBooking, ...]) -> tuple[InventoryBooking, ...]:
    found = {item.workload: item for item in old}
    for item in new:
        before = found.get(item.workload)
        found[item.workload] = replace(item, replicas=max(item.replicas, before.replicas)) if before else item
    return by_workload(tuple(found.values()))
