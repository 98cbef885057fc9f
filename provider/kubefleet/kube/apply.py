"""Server-side apply of a placement's objects in order, each wave healthy before the next."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kubefleet.kube.connection import Connection
from kubefleet.kube.drift import Drift
from kubefleet.kube.due import OURS, Seen, due, ignored, is_applied, is_forced
from kubefleet.kube.errors import ApiError
from kubefleet.kube.forbidden import explain_apply
from kubefleet.kube.job_anew import is_finished_predecessor, remove_predecessor
from kubefleet.kube.object_access import apply_body
from kubefleet.kube.object_ref import ObjectRef, ref_of
from kubefleet.kube.order import apply_waves
from kubefleet.kube.ownership import Standing
from kubefleet.kube.patience import Patience
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.kube.refusal import NotApplied
from kubefleet.kube.refused_write import explain
from kubefleet.kube.replace import clear_the_way, is_immutable, replaces
from kubefleet.kube.replicas import hand_over_replicas
from kubefleet.kube.served import await_served
from kubefleet.kube.stop import resume
from kubefleet.kube.take_over import take_over
from kubefleet.kube.together import together
from kubefleet.model.apply_options import CAREFUL, ApplyOptions

Wait = Callable[[tuple[ObjectRef, ...]], None]
"""Blocks until these objects are healthy; raises to stop the apply there."""


@dataclass(frozen=True, slots=True)
class Applied:
    """All objects with their uids, sorted; which of them were really written; which were absent before."""

    objects: tuple[ObjectRef, ...]
    written: tuple[ObjectRef, ...]
    created: tuple[ObjectRef, ...]


def apply_objects(
    connection: Connection,
    manifests: tuple[Mapping[str, Any], ...],
    seen: Mapping[tuple[str, str, str, str], Seen],
    identity: PlacementIdentity,
    revision: str,
    *,
    wait: Wait,
    patience: Patience,
    partners: frozenset[str] = frozenset(),
    options: ApplyOptions = CAREFUL,
    drifted: Callable[[Drift], None] = ignored,
) -> Applied:
    """Apply them tier by tier; `seen` holds every object by `ObjectRef.key`, none of them foreign.

    An object that is already so is not written; a finished Job of another revision is made anew. The objects of a wave
    are applied several at a time. `drifted` gets what others have changed and `options` leave to them.
    Raises NotApplied when the server refuses one (no other is begun then), and whatever `wait` raises. Running it again
    continues: what is done is found done.
    """

    def bring(manifest: Mapping[str, Any]) -> tuple[ObjectRef, bool]:
        """The object as it is afterwards, and whether it was written."""
        found = seen[ref_of(manifest).key]
        live = found.live
        if live is not None and found.ownership.standing in OURS and is_finished_predecessor(live, revision):
            remove_predecessor(connection, live, patience)
            live = None
        if live is not None and found.ownership.standing in OURS:
            resume(connection, found.ownership.ref, live, identity)
        body = due(connection, manifest, found, live, identity, revision, options, drifted)
        if is_applied(body, live, identity.manager):
            return found.ownership.ref, False
        if live is not None:
            hand_over_replicas(connection, body, live, identity)
        if live is not None and found.ownership.standing is Standing.TAKEN_OVER:
            _take(connection, live, body, identity.manager, patience)
        force = is_forced(found.ownership, partners)
        try:
            return ref_of(apply_body(connection, body, manager=identity.manager, force=force)), True
        except ApiError as error:
            if live is None or not is_immutable(error) or not replaces(found.ownership, options):
                raise _not_applied(connection, found.ownership.ref, error) from error
        clear_the_way(connection, live, patience)
        anew = due(connection, manifest, found, None, identity, revision, options)
        try:
            return ref_of(apply_body(connection, anew, manager=identity.manager, force=force)), True
        except ApiError as error:
            raise _not_applied(connection, found.ownership.ref, error) from error

    objects: list[ObjectRef] = []
    written: list[ObjectRef] = []
    created: list[ObjectRef] = []
    for wave in apply_waves(manifests):
        brought = together(connection, wave.objects, bring)
        refs = tuple(ref for ref, _ in brought)
        objects += refs
        written += [ref for ref, new in brought if new]
        created += [ref for ref in refs if seen[ref.key].is_absent]
        if wave.wait:
            wait(refs)
            await_served(connection, wave.objects, patience)
    return Applied(tuple(sorted(objects)), tuple(sorted(written)), tuple(sorted(created)))


def _take(
    connection: Connection, live: Mapping[str, Any], body: Mapping[str, Any], manager: str, patience: Patience
) -> None:
    try:
        take_over(connection, live, body, manager, patience)
    except ApiError as error:
        raise NotApplied(connection.name, ref_of(live), f"it was not taken over: {explain(error)}") from error


def _not_applied(connection: Connection, ref: ObjectRef, error: ApiError) -> NotApplied:
    return NotApplied(connection.name, ref, explain_apply(connection, ref, error))
