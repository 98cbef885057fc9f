"""Server-side apply of a placement's objects in order, each wave healthy before the next."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kubefleet.kube.connection import Connection
from kubefleet.kube.drift import Drift, drift_of, without_drift
from kubefleet.kube.errors import ApiError
from kubefleet.kube.forbidden import APPLY_VERBS, explain_forbidden
from kubefleet.kube.job_anew import is_finished_predecessor, remove_predecessor
from kubefleet.kube.managed_fields import applied, managed_by
from kubefleet.kube.manifest import body_of
from kubefleet.kube.object_access import apply_body
from kubefleet.kube.object_ref import ObjectRef, ref_of
from kubefleet.kube.order import apply_waves
from kubefleet.kube.ownership import Ownership, Standing
from kubefleet.kube.patience import Patience
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.kube.refusal import NotApplied
from kubefleet.kube.refused_write import explain
from kubefleet.kube.replace import clear_the_way, is_immutable, replaces
from kubefleet.kube.replicas import hand_over_replicas, is_autoscaled
from kubefleet.kube.served import await_served
from kubefleet.kube.take_over import take_over
from kubefleet.kube.together import together
from kubefleet.model.apply_options import CAREFUL, ApplyOptions, OnDrift
from kubefleet.spec.scale import replicas_in, with_replicas

Wait = Callable[[tuple[ObjectRef, ...]], None]
"""Blocks until these objects are healthy; raises to stop the apply there."""


_OURS = (Standing.OURS, Standing.SHARED)


def _ignored(_drift: Drift) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One object as it was found: whose it is, and what a GET gave (None: absent)."""

    ownership: Ownership
    live: Mapping[str, Any] | None


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
    drifted: Callable[[Drift], None] = _ignored,
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
        ours = found.ownership.standing in _OURS
        if live is not None and ours and is_finished_predecessor(live, revision):
            remove_predecessor(connection, live, patience)
            live = None
        body = body_of(manifest, identity, revision, created=_is_absent(found) or found.ownership.created)
        if live is not None and replicas_in(body) and is_autoscaled(connection, live, identity):
            body = with_replicas(body, None)
        if live is not None and ours and options.on_drift is OnDrift.REPORT:
            for drift in drift_of(body, live):
                drifted(drift)
            body = without_drift(body, live)
        if is_applied(body, live, identity.manager):
            return found.ownership.ref, False
        if live is not None:
            hand_over_replicas(connection, body, live, identity)
        if live is not None and found.ownership.standing is Standing.TAKEN_OVER:
            _take(connection, live, body, identity.manager, patience)
        return _write(connection, body, live, found.ownership, identity.manager, partners, options, patience), True

    objects: list[ObjectRef] = []
    written: list[ObjectRef] = []
    created: list[ObjectRef] = []
    for wave in apply_waves(manifests):
        brought = together(connection, wave.objects, bring)
        refs = tuple(ref for ref, _ in brought)
        objects += refs
        written += [ref for ref, new in brought if new]
        created += [ref for ref in refs if _is_absent(seen[ref.key])]
        if wave.wait:
            wait(refs)
            await_served(connection, wave.objects, patience)
    return Applied(tuple(sorted(objects)), tuple(sorted(written)), tuple(sorted(created)))


def _is_absent(found: Seen) -> bool:
    return found.ownership.standing is Standing.ABSENT


def is_applied(body: Mapping[str, Any], live: Mapping[str, Any] | None, manager: str) -> bool:
    """Whether applying `body` would change nothing: what our manager holds is exactly that, in these values.

    May say False for a spelling that the server normalises (`1000m`); then one apply is made that changes nothing.
    """
    if live is None:
        return False
    metadata = {key: value for key, value in body["metadata"].items() if key not in ("name", "namespace")}
    wanted = {key: value for key, value in body.items() if key not in ("apiVersion", "kind")} | {"metadata": metadata}
    return any(
        entry.manager == manager
        and entry.operation == "Apply"
        and not entry.subresource
        and applied(live, entry.fields) == wanted
        for entry in managed_by(live)
    )


def _take(
    connection: Connection, live: Mapping[str, Any], body: Mapping[str, Any], manager: str, patience: Patience
) -> None:
    try:
        take_over(connection, live, body, manager, patience)
    except ApiError as error:
        raise NotApplied(connection.name, ref_of(live), f"it was not taken over: {explain(error)}") from error


def is_forced(ownership: Ownership, partners: frozenset[str]) -> bool:
    """Whether fields of others are overwritten: only where the object is certainly ours, or becomes so; then they are
    drift. Co-owners that are known to bring the same content may be overridden too, or two placements that change it
    together would wait for each other.
    """
    ours = ownership.standing in (*_OURS, Standing.TAKEN_OVER)
    return ours and partners.issuperset(ownership.others)


def _write(
    connection: Connection,
    body: Mapping[str, Any],
    live: Mapping[str, Any] | None,
    ownership: Ownership,
    manager: str,
    partners: frozenset[str],
    options: ApplyOptions,
    patience: Patience,
) -> ObjectRef:
    force = is_forced(ownership, partners)
    try:
        return ref_of(apply_body(connection, body, manager=manager, force=force))
    except ApiError as error:
        if live is not None and is_immutable(error) and replaces(ownership, options):
            clear_the_way(connection, live, patience)
            return _write(connection, body, None, ownership, manager, partners, options, patience)
        forbidden = error.status == 403
        why = explain_forbidden(connection, ownership.ref, error, APPLY_VERBS) if forbidden else explain(error)
        raise NotApplied(connection.name, ownership.ref, why) from error
