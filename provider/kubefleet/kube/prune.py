"""Removing what a placement applied: by the inventory object's list, by name, and only what is certainly its own."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError
from kubefleet.kube.followers import disown, release
from kubefleet.kube.forbidden import explain_forbidden
from kubefleet.kube.keeping import kept_by_content
from kubefleet.kube.object_access import delete_live, find
from kubefleet.kube.object_ref import ObjectRef, ref_of
from kubefleet.kube.order import removal_waves, wave_number
from kubefleet.kube.ownership import is_going, may_delete, owners
from kubefleet.kube.patience import Patience
from kubefleet.kube.pause import CONTENDED, pause, pause_after_conflict
from kubefleet.kube.refused_write import explain

_PAUSE: Final = 0.2
_VERBS: Final = ("get", "patch", "delete")
_NEVER_PRUNED: Final = frozenset({("", "PersistentVolumeClaim"), ("", "PersistentVolume")})


@dataclass(frozen=True, slots=True, order=True)
class Left:
    """An object that is still there, and why."""

    object: ObjectRef
    why: str

    def __str__(self) -> str:
        return f"{self.object}: {self.why}"


@dataclass(frozen=True, slots=True)
class Pruned:
    """What became of each object, sorted.

    `deleted` are gone (or were already), `released` stay with other owners, `left` stay on purpose (volumes, a
    namespace with foreign content, what is no longer ours), `stuck` must be tried again.
    """

    deleted: tuple[ObjectRef, ...] = ()
    released: tuple[ObjectRef, ...] = ()
    left: tuple[Left, ...] = ()
    stuck: tuple[Left, ...] = ()

    @property
    def done(self) -> bool:
        """Nothing is left to try again."""
        return not self.stuck


@dataclass(slots=True)
class Tally:
    """What has become of the objects so far."""

    deleted: list[ObjectRef] = field(default_factory=list)
    released: list[ObjectRef] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    stuck: list[Left] = field(default_factory=list)

    def closed(self) -> Pruned:
        """All of it, sorted."""
        return Pruned(
            tuple(sorted(self.deleted)),
            tuple(sorted(self.released)),
            tuple(sorted(self.left)),
            tuple(sorted(self.stuck)),
        )


def prune(connection: Connection, refs: tuple[ObjectRef, ...], uid: str, patience: Patience) -> Pruned:
    """Remove these objects of the placement `uid`, in reverse order; each wave is really gone before the next begins.

    What cannot be removed before the patience's deadline is `stuck`, and so is all that comes after it. Raises
    Unreachable, and Cancelled when the user cancels.
    """
    tally = Tally()

    def remove_live(live: Mapping[str, Any]) -> bool:
        return _begin_live(connection, live, uid, tally, patience)

    waves = removal_waves(_with_wave_numbers(connection, refs))
    for place, wave in enumerate(waves):
        going = [ref for ref in wave if begin(connection, ref, tally, patience, remove_live)]
        for ref in going:
            _await_gone(connection, ref, tally, patience)
        if tally.stuck:
            first = tally.stuck[0].object
            tally.stuck += [Left(ref, f"waits for {first}") for later in waves[place + 1 :] for ref in later]
            break
    return tally.closed()


def _with_wave_numbers(connection: Connection, refs: tuple[ObjectRef, ...]) -> list[tuple[ObjectRef, int]]:
    numbered = []
    for ref in refs:
        try:
            numbered.append((ref, wave_number(find(connection, ref) or {})))
        except (ValueError, ApiError):
            # Somebody edited the annotation: removal must not hang on it. Or it may not be read: `begin` says so.
            numbered.append((ref, 0))
    return numbered


def begin(
    connection: Connection,
    ref: ObjectRef,
    tally: Tally,
    patience: Patience,
    act: Callable[[Mapping[str, Any]], bool],
) -> bool:
    """Do what is due for one object, `act` on the live one again while it changes under our hands; True when its
    deletion has begun and is to be waited for.
    """
    end = time.monotonic() + CONTENDED
    while True:
        try:
            live = find(connection, ref)
            if live is None:
                tally.deleted.append(ref)
                return False
            return act(live)
        except ApiError as error:
            if error.status not in (404, 409):  # else it changed between the GET and the write: look again
                forbidden = error.status == 403
                why = explain_forbidden(connection, ref, error, _VERBS) if forbidden else explain(error)
                tally.stuck.append(Left(ref, why))
                return False
        if time.monotonic() >= end or not pause_after_conflict(connection.name, patience):
            break
    tally.stuck.append(Left(ref, "changes all the time. Stop what writes it, then run `pulumi up` again"))
    return False


def _begin_live(connection: Connection, live: Mapping[str, Any], uid: str, tally: Tally, patience: Patience) -> bool:
    ref = ref_of(live)
    if not may_delete(live, uid):
        tally.left.append(Left(ref, "no longer ours: our owner annotation or field manager is gone"))
        return False
    if (ref.group, ref.kind) in _NEVER_PRUNED:
        tally.left.append(Left(ref, "volumes are never deleted"))
        return False
    if len(owners(live)) > 1:
        release(connection, live, uid)
        tally.released.append(ref)
        return False
    if is_going(live):
        return True
    kept = kept_by_content(connection, live, patience)
    if kept is not None and kept.again:
        tally.stuck.append(Left(ref, f"{kept.why}. Run `pulumi up` again"))
        return False
    if kept is not None:
        disown(connection, live, uid)
        tally.left.append(Left(ref, kept.why))
        return False
    delete_live(connection, live)
    return True


def _await_gone(connection: Connection, ref: ObjectRef, tally: Tally, patience: Patience) -> None:
    """Wait until the object that was deleted is gone, or another one stands in its place."""
    uid = ""
    while True:
        live = find(connection, ref)
        if live is None or not is_going(live) or (uid and ref_of(live).uid != uid):
            tally.deleted.append(ref)
            return
        uid = ref_of(live).uid
        if not pause(connection.name, patience, _PAUSE):
            tally.stuck.append(Left(ref, _why_stuck(live)))
            return


def _why_stuck(live: Mapping[str, Any]) -> str:
    finalizers = (live.get("metadata") or {}).get("finalizers") or []
    if finalizers:
        named = ", ".join(f"`{item}`" for item in sorted(finalizers))
        return f"deleted, but held by the finalizers {named}. See to what they wait for, then run `pulumi up` again"
    conditions = (live.get("status") or {}).get("conditions") or []
    said = "; ".join(
        str(item.get("message")) for item in conditions if item.get("status") == "True" and item.get("message")
    )
    return f"deleted, but still there{': ' + said if said else ''}. Run `pulumi up` again"
