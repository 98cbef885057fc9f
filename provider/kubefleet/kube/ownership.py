"""Whose an object is, decided on one GET before the first write. Pure.

Equal values never conflict in server-side apply, so conflicts prove nothing; the owner annotation does. Controllers
copy labels and annotations to what they make: the annotation counts only on the very object that its value names, and
never on one that a controller owns.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kubefleet.kube.managed_fields import NOTHING, applied, differing, held, managed_by
from kubefleet.kube.manifest import CREATED_ANNOTATION, content_of
from kubefleet.kube.object_ref import ObjectRef, ref_of
from kubefleet.kube.placement_identity import OWNER_PREFIX, PlacementIdentity, is_manager_of, placement_of
from kubefleet.kube.refusal import Conflict
from kubefleet.spec.follower_kinds import is_follower, is_only_if_missing


class Standing(StrEnum):
    """Whose it is."""

    ABSENT = "absent"
    OURS = "ours"
    SHARED = "shared"
    FOREIGN = "foreign"
    TAKEN_OVER = "taken over"
    GOING = "going"


@dataclass(frozen=True, slots=True)
class Ownership:
    """One object's standing for one placement.

    `others` are the uids of other placements that own it too. `created`: it is a Namespace that a placement made.
    """

    ref: ObjectRef
    standing: Standing
    others: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    created: bool = False


def owners(live: Mapping[str, Any]) -> tuple[str, ...]:
    """The uids of the placements that own a live object, sorted; none when a controller owns it."""
    if has_controller(live):
        return ()
    value = ref_of(live).owner_value
    annotations = (live.get("metadata") or {}).get("annotations") or {}
    return tuple(
        sorted(
            key.removeprefix(OWNER_PREFIX)
            for key, text in annotations.items()
            if key.startswith(OWNER_PREFIX) and text == value
        )
    )


def has_controller(live: Mapping[str, Any]) -> bool:
    """Whether the object was made by a controller for another object."""
    references = (live.get("metadata") or {}).get("ownerReferences") or []
    return any(reference.get("controller") is True for reference in references)


def is_going(live: Mapping[str, Any]) -> bool:
    """Whether its deletion has begun."""
    return bool((live.get("metadata") or {}).get("deletionTimestamp"))


def was_created(live: Mapping[str, Any]) -> bool:
    """Whether a placement made this Namespace, so that the last one to leave may delete it."""
    return CREATED_ANNOTATION in ((live.get("metadata") or {}).get("annotations") or {})


def may_delete(live: Mapping[str, Any], uid: str) -> bool:
    """Whether it is certainly this placement's: annotation, field manager, no controller owner."""
    return uid in owners(live) and any(is_manager_of(entry.manager, uid) for entry in managed_by(live))


def may_take_over(found: Ownership, live: Mapping[str, Any]) -> bool:
    """Whether somebody else's object is nobody's of ours, no controller's, and stays."""
    return found.standing is Standing.FOREIGN and not (owners(live) or has_controller(live) or is_going(live))


def classify(
    body: Mapping[str, Any],
    live: Mapping[str, Any] | None,
    identity: PlacementIdentity,
    *,
    partners: frozenset[str] = frozenset(),
) -> Ownership:
    """Whose the object of `body` is, `live` being what a GET gave (None: not found).

    `partners` are uids of placements whose present manifests are known to hold this same content; what they applied
    earlier may differ.
    """
    ref = ref_of(body)
    if live is None:
        return Ownership(ref, Standing.ABSENT)
    ref = ref.with_uid(ref_of(live).uid)
    found = owners(live)
    others = tuple(uid for uid in found if uid != identity.uid)
    if identity.uid in found or (others and is_follower(body)):
        conflicts = tuple(
            conflict for uid in others if uid not in partners for conflict in _difference(body, live, ref, uid)
        )
        if others and not is_follower(body):
            conflicts = _conflicts(body, live, ref)
        if conflicts:
            return Ownership(ref, Standing.FOREIGN, others, conflicts)
        if is_going(live):
            return Ownership(ref, Standing.GOING, others)
        return Ownership(ref, Standing.SHARED if others else Standing.OURS, others, created=was_created(live))
    return Ownership(ref, Standing.FOREIGN, others, _conflicts(body, live, ref))


def _conflicts(body: Mapping[str, Any], live: Mapping[str, Any], ref: ObjectRef) -> tuple[Conflict, ...]:
    """One conflict per manager that holds any of our fields; if none does, one that names the first manager."""
    fields: dict[str, set[str]] = {}
    for entry in managed_by(live):
        fields.setdefault(entry.manager, set()).update(held(body, entry.fields))
    holding = {manager: paths for manager, paths in fields.items() if paths} or dict(list(fields.items())[:1])
    hint = 'Rename it in the manifests, remove it from the cluster first, or take it over: on_existing="take_over".'
    if ref.kind == "Namespace" and not has_controller(live):
        hint = "Leave it out of the manifests: an existing namespace is used as it is."
    return tuple(
        Conflict(ref, manager or "unknown", tuple(sorted(paths)), hint) for manager, paths in sorted(holding.items())
    ) or (Conflict(ref, "unknown", (), hint),)


def _difference(body: Mapping[str, Any], live: Mapping[str, Any], ref: ObjectRef, uid: str) -> tuple[Conflict, ...]:
    """The conflict with a co-owner whose content differs from ours, if it does."""
    ours = content_of(body)
    for entry in managed_by(live):
        if not is_manager_of(entry.manager, uid):
            continue
        theirs = applied(live, entry.fields)
        if is_only_if_missing(theirs if isinstance(theirs, Mapping) else {}):
            continue
        paths = tuple(differing(ours, content_of(theirs if theirs is not NOTHING else {})))
        if paths:
            found = placement_of(entry.manager)
            name = found[0] if found else uid
            hint = f"Placement `{name}` has other content for it: make both alike, or give each its own."
            return (Conflict(ref, entry.manager, paths, hint),)
    return ()
