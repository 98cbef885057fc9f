"""Replacing an object of which a field cannot be changed: it is deleted, and made anew."""

import re
import time
from collections.abc import Mapping
from typing import Any, Final

from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError
from kubefleet.kube.object_access import delete_live, find
from kubefleet.kube.object_ref import ref_of
from kubefleet.kube.ownership import Ownership
from kubefleet.kube.patience import Patience
from kubefleet.kube.pause import CONTENDED, pause, pause_after_conflict
from kubefleet.kube.refusal import NotApplied
from kubefleet.kube.refused_write import explain
from kubefleet.model.apply_options import ApplyOptions, OnImmutable

_IMMUTABLE: Final = re.compile(
    r"immutable|cannot (be )?chang|may not (be )?chang|(updates?|changes) to .* (is|are) forbidden", re.IGNORECASE
)
_NEVER: Final = frozenset(
    {
        ("", "Namespace"),
        ("", "PersistentVolume"),
        ("", "PersistentVolumeClaim"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
    }
)
"""What takes others' objects or data with it."""
_WITH_PODS: Final = frozenset(
    {("", "Pod"), ("", "ReplicationController"), ("apps", "DaemonSet"), ("apps", "Deployment"), ("apps", "ReplicaSet")}
)
_PAUSE: Final = 0.2


def is_immutable(error: ApiError) -> bool:
    """Whether the server refuses the change of a field that never changes; there is no code for it, only words."""
    told = [cause.message for cause in error.causes] or [error.message]
    return error.status in (403, 422) and any(_IMMUTABLE.search(message) for message in told)


def replaces(ownership: Ownership, options: ApplyOptions) -> bool:
    """Whether an object may be made anew: it is asked for, nothing of others goes with it, no pods go where pods are
    counted, and no other placement has it too.
    """
    kind = (ownership.ref.group, ownership.ref.kind)
    asked = options.on_immutable is OnImmutable.REPLACE
    return asked and not ownership.others and kind not in _NEVER and not (options.pods_counted and kind in _WITH_PODS)


def clear_the_way(connection: Connection, live: Mapping[str, Any], patience: Patience) -> None:
    """Delete it and wait until it is gone, with what it owns; the pods of a StatefulSet stay, and the new one adopts
    them. Raises NotApplied when it stays.
    """
    ref = ref_of(live)
    keeps_pods = (ref.group, ref.kind) == ("apps", "StatefulSet")
    _delete(connection, live, "Orphan" if keeps_pods else "Foreground", patience)
    while (there := find(connection, ref)) is not None and ref_of(there).uid == ref.uid:
        if not pause(connection.name, patience, _PAUSE):
            finalizers = ", ".join(f"`{item}`" for item in sorted(there["metadata"].get("finalizers") or ()))
            why = f"it is still being deleted to be replaced, held by the finalizers {finalizers or 'none'}."
            raise NotApplied(connection.name, ref, f"{why} Run `pulumi up` again.")


def _delete(connection: Connection, live: Mapping[str, Any], propagation: str, patience: Patience) -> None:
    """Begin it, as often as a controller changes the object under our hands; another object of that name is left."""
    ref, end = ref_of(live), time.monotonic() + CONTENDED
    there: Mapping[str, Any] | None = live
    while there is not None and ref_of(there).uid == ref.uid:
        try:
            delete_live(connection, there, propagation)
            return
        except ApiError as error:
            changed = error.status in (404, 409) and time.monotonic() < end
            if not changed or not pause_after_conflict(connection.name, patience):
                why = f"it was not deleted to be replaced: {explain(error)}"
                raise NotApplied(connection.name, ref, why) from error
        there = find(connection, ref)
