"""One placement at one member: place, complete, remove. Killable anywhere; running the same call again continues."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from kubefleet.kube.apply import Wait, apply_objects
from kubefleet.kube.connection import Connection
from kubefleet.kube.drift import Drift
from kubefleet.kube.due import Seen
from kubefleet.kube.errors import ApiError
from kubefleet.kube.finished_jobs import has_finished, passing_jobs
from kubefleet.kube.if_missing import without_present
from kubefleet.kube.inventory_object import InventoryBooking, InventoryObject
from kubefleet.kube.inventory_store import (
    HOME,
    delete_inventory_object,
    read_inventory_object,
    release_home,
    write_inventory_object,
)
from kubefleet.kube.kept_revision import forget_revision, keep_revision, kept_from, kept_ref
from kubefleet.kube.manifest import body_of
from kubefleet.kube.object_access import find
from kubefleet.kube.object_ref import ObjectRef, ref_of, union, without
from kubefleet.kube.orphan import orphan
from kubefleet.kube.ownership import Ownership, Standing, classify, may_take_over
from kubefleet.kube.patience import Patience
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.kube.prune import Pruned, prune
from kubefleet.kube.refusal import Conflict, NotApplied, Refused
from kubefleet.kube.refused_write import explain
from kubefleet.kube.scope import scoped
from kubefleet.kube.stop import stop_objects
from kubefleet.kube.take_over import differences
from kubefleet.kube.together import together
from kubefleet.kube.write_ahead import by_workload, same, write_ahead
from kubefleet.model.apply_options import CAREFUL, ApplyOptions, OnDelete, OnExisting

_Judged = dict[tuple[str, str, str, str], Seen]
"""By `ObjectRef.key`."""
_NOT_THE_SAME = 'It is not the same. Make it so in the manifests, or take it over as it is: on_existing="take_over".'


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be on this member: whole manifests, their namespaces and this member's replicas filled in."""

    revision: str
    objects: tuple[Mapping[str, Any], ...]
    bookings: tuple[InventoryBooking, ...] = ()
    options: ApplyOptions = CAREFUL

    @property
    def refs(self) -> tuple[ObjectRef, ...]:
        """The objects' addresses, sorted."""
        return tuple(sorted(ref_of(manifest) for manifest in self.objects))


@dataclass(frozen=True, slots=True)
class Placed:
    """All objects with their uids; those really written; those that were absent before."""

    inventory: InventoryObject
    applied: tuple[ObjectRef, ...]
    written: tuple[ObjectRef, ...]
    created: tuple[ObjectRef, ...]


@dataclass(frozen=True, slots=True)
class Completed:
    """The inventory object as it stands now (`completed` only if nothing is stuck), and what was pruned."""

    inventory: InventoryObject
    pruned: Pruned


def place(
    connection: Connection,
    identity: PlacementIdentity,
    wanted: Wanted,
    *,
    cluster_uid: str,
    wait: Wait,
    patience: Patience,
    partners: frozenset[str] = frozenset(),
    keep: bool = False,
    drifted: Callable[[Drift], None] | None = None,
) -> Placed:
    """Check all, write the inventory object ahead, then apply in order. What is already so is not written.

    A Job of this revision that has run to its end, and that Kubernetes has removed since, is not run again.
    With `keep` what the revision before has applied here is stored first, for a rollback.

    `cluster_uid` is the uid of the member's kube-system namespace. `wait` is called where a wave must be healthy before
    the next. Raises Refused (nothing was written), NotApplied (stopped at that object), BadAnswer (the inventory
    object is malformed), and whatever `wait` raises.
    """
    wanted = scoped_to(connection, identity, wanted)
    seen = _look(connection, identity, wanted, partners)
    stored = read_inventory_object(connection, identity.uid)
    if keep and stored is not None and stored.completed and stored.revision != wanted.revision:
        _keep(connection, identity, stored)
    ahead = write_ahead(stored, identity, wanted.revision, wanted.refs, wanted.bookings, cluster_uid)
    ahead = replace(ahead, orphan=wanted.options.on_delete is OnDelete.ORPHAN)
    if ahead != stored:
        ahead = _record(connection, ahead, identity, patience)
    done = apply_objects(
        connection,
        tuple(
            manifest
            for manifest in wanted.objects
            if seen[ref_of(manifest).key].live is not None or not has_finished(manifest, ahead.finished)
        ),
        seen,
        identity,
        wanted.revision,
        wait=wait,
        patience=patience,
        partners=partners,
        options=wanted.options,
        **({"drifted": drifted} if drifted else {}),
    )
    return Placed(ahead, done.objects, done.written, done.created)


def nothing_more() -> None:
    """Nothing else is to be done."""


def complete(
    connection: Connection,
    identity: PlacementIdentity,
    wanted: Wanted,
    *,
    patience: Patience,
    before_record: Callable[[], None] = nothing_more,
) -> Completed:
    """The new revision is healthy: remove what left the manifests and record the revision as completed.

    `before_record` is called once all that is gone, and before that is recorded: what fails there is done again.
    Raises BadAnswer when its record is malformed, ValueError when nothing was placed here before.
    """
    wanted = scoped_to(connection, identity, wanted)
    stored = read_inventory_object(connection, identity.uid)
    if stored is None:
        raise ValueError(f"no inventory object `{identity.uid}` (expected one: place before complete)")
    gone = without(stored.objects, wanted.refs)
    pruned = prune(connection, gone, identity.uid, patience) if gone else Pruned()
    stuck = tuple(item.object for item in pruned.stuck)
    objects = union(_with_uids(connection, union(without(stored.objects, gone), wanted.refs)), stuck)
    after = replace(
        stored,
        revision=wanted.revision,
        completed=pruned.done,
        objects=objects,
        bookings=by_workload(wanted.bookings),
        orphan=wanted.options.on_delete is OnDelete.ORPHAN,
    )
    if not same(after, stored):
        if pruned.done:
            before_record()
        after = _record(connection, after, identity, patience)
        if pruned.done:
            # Only now: who is killed in between finds what to go back to, or that it is back.
            forget_revision(connection, identity.uid)
    return Completed(after, pruned)


def record_finished(
    connection: Connection,
    identity: PlacementIdentity,
    wanted: Wanted,
    healthy: tuple[ObjectRef, ...],
    patience: Patience,
) -> None:
    """Write down which Jobs among what is `healthy` have run to their end and will be removed by Kubernetes. Costs
    nothing where there are none.
    """
    jobs = passing_jobs(wanted.objects, healthy)
    stored = read_inventory_object(connection, identity.uid) if jobs else None
    if stored is not None and stored.revision == wanted.revision and not jobs.issubset(stored.finished):
        _record(connection, replace(stored, finished=tuple(sorted(jobs.union(stored.finished)))), identity, patience)


def stop(connection: Connection, identity: PlacementIdentity, patience: Patience) -> None:
    """Nothing of it runs here any more, all of it is there (see `stop_objects`, of which it raises the errors). It is
    not completed from the first write on, so that what comes back is applied again.
    """
    stored = read_inventory_object(connection, identity.uid)
    if stored is None:
        return
    if stored.completed:
        stored = _record(connection, replace(stored, completed=False), identity, patience)
    stop_objects(connection, stored.objects, identity, patience)


def remove(connection: Connection, identity: PlacementIdentity, *, patience: Patience, moved: bool = False) -> Pruned:
    """Remove all that the inventory object lists, then itself, then its namespace if no other placement needs it. Where
    it records that the objects are to be orphaned they stay, as nobody's of ours, unless the placement has `moved`.

    What is stuck stays recorded for the next time. Nothing there is no error: two reads. Raises ApiError when the
    record or its namespace may not be removed, BadAnswer when the record is malformed, and Cancelled.
    """
    stored = read_inventory_object(connection, identity.uid)
    leave = orphan if stored and stored.orphan and not moved else prune
    pruned = leave(connection, stored.objects, identity.uid, patience) if stored else Pruned()
    if stored and not pruned.done:
        rest = replace(stored, completed=False, objects=tuple(item.object for item in pruned.stuck))
        if not same(rest, stored):
            _record(connection, rest, identity, patience)
        return pruned
    if stored:
        forget_revision(connection, identity.uid)
    delete_inventory_object(connection, identity.uid)
    release_home(connection, identity.uid, patience)
    return pruned


def scoped_to(connection: Connection, identity: PlacementIdentity, wanted: Wanted) -> Wanted:
    """As it is to be on this server: what has no namespace there is without one, and what is only made where it is
    missing is left out where somebody else has made it.
    """
    return replace(wanted, objects=without_present(connection, scoped(connection, wanted.objects), identity))


def judged(connection: Connection, identity: PlacementIdentity, wanted: Wanted, partners: frozenset[str]) -> _Judged:
    """How each of the manifests was found, whoever has it: one GET each."""
    seen: _Judged = {}
    found = together(connection, wanted.objects, lambda manifest: find(connection, ref_of(manifest)))
    for manifest, live in zip(wanted.objects, found, strict=True):
        body = body_of(manifest, identity, wanted.revision)
        ownership = classify(body, live, identity, partners=partners)
        if live is not None and may_take_over(ownership, live):
            ownership = _taking_over(connection, ownership, body, live, identity, wanted.options.on_existing)
        seen[ref_of(manifest).key] = Seen(ownership, live)
    return seen


def _look(connection: Connection, identity: PlacementIdentity, wanted: Wanted, partners: frozenset[str]) -> _Judged:
    """As they were found; raises Refused with all conflicts at once."""
    seen = judged(connection, identity, wanted, partners)
    conflicts = tuple(conflict for item in seen.values() for conflict in item.ownership.conflicts)
    if conflicts:
        raise Refused(connection.name, conflicts)
    for item in seen.values():
        if item.ownership.standing is Standing.GOING:
            why = "it is being deleted. Wait until it is gone, then run `pulumi up` again."
            raise NotApplied(connection.name, item.ownership.ref, why)
    return seen


def _keep(connection: Connection, identity: PlacementIdentity, stored: InventoryObject) -> None:
    found = together(connection, stored.objects, lambda ref: find(connection, ref))
    live = dict(zip(stored.objects, found, strict=True))
    try:
        keep_revision(connection, kept_from(stored.revision, live, identity.manager), identity)
    except ApiError as error:
        raise NotApplied(connection.name, kept_ref(identity.uid), explain(error)) from error


def _taking_over(
    connection: Connection,
    found: Ownership,
    body: Mapping[str, Any],
    live: Mapping[str, Any],
    identity: PlacementIdentity,
    option: OnExisting,
) -> Ownership:
    """The standing of somebody else's object where it is taken over; where it is not the same, what differs."""
    if option is OnExisting.REFUSE:
        return found
    if option is OnExisting.TAKE_OVER_IF_SAME:
        try:
            fields = differences(connection, live, body, identity.manager)
        except ApiError as error:
            raise NotApplied(connection.name, found.ref, explain(error)) from error
        if fields:
            manager = found.conflicts[0].manager if found.conflicts else "unknown"
            return replace(found, conflicts=(Conflict(found.ref, manager, fields, _NOT_THE_SAME),))
    return replace(found, standing=Standing.TAKEN_OVER, conflicts=())


def _with_uids(connection: Connection, refs: tuple[ObjectRef, ...]) -> tuple[ObjectRef, ...]:
    def with_uid(ref: ObjectRef) -> ObjectRef:
        live = None if ref.uid else find(connection, ref)
        return ref.with_uid(ref_of(live).uid) if live else ref

    return together(connection, refs, with_uid)


def _record(
    connection: Connection, inventory: InventoryObject, identity: PlacementIdentity, patience: Patience
) -> InventoryObject:
    try:
        return write_inventory_object(connection, inventory, identity, patience)
    except ApiError as error:
        raise NotApplied(
            connection.name,
            ObjectRef("v1", "ConfigMap", HOME.name, identity.uid),
            explain(error),
        ) from error
