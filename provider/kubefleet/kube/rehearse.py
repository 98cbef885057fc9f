"""What the API server would say to an apply, without writing anything: dry runs of the objects that change."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from kubefleet.kube.connection import Connection
from kubefleet.kube.due import OURS, Seen, due, is_applied, is_forced
from kubefleet.kube.errors import ApiError
from kubefleet.kube.forbidden import explain_apply, is_missing_right
from kubefleet.kube.job_anew import is_finished_predecessor
from kubefleet.kube.manifest import body_of
from kubefleet.kube.member_apply import Wanted, judged, scoped_to
from kubefleet.kube.object_access import apply_body
from kubefleet.kube.object_ref import ObjectRef, ref_of
from kubefleet.kube.ownership import Standing
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.kube.refusal import Conflict
from kubefleet.kube.refused_write import is_transient
from kubefleet.kube.replace import is_immutable, replaces
from kubefleet.kube.together import together

_NOT_TRIED: Final = ("does not support dry run", "not found", "no PriorityClass with name")
"""Of webhooks that have to be spared, and of what the placement may bring itself: a pod's account, its classes."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """What would become of one object. `wrong`: the server refuses what the manifest says; else it is the cluster that
    has to change, or it is only told. `conflict`: it is somebody else's.
    """

    object: ObjectRef
    why: str
    wrong: bool = False
    conflict: Conflict | None = None


def rehearse(
    connection: Connection,
    identity: PlacementIdentity,
    wanted: Wanted,
    partners: frozenset[str] = frozenset(),
    new: frozenset[tuple[str, str, str, str]] = frozenset(),
) -> tuple[Finding, ...]:
    """Dry runs of these objects (two requests each), as `place` would apply them, sorted by object. Of what is not
    known to be there, `new` (`ObjectRef.key`), the dry run comes first: where it makes the object nobody has it, and
    one request is enough.

    What the placement itself brings to the cluster first, a namespace or a definition, is not there yet: what needs it
    is not tried. Raises what reading raises.
    """
    wanted = scoped_to(connection, identity, wanted)
    hoped = tuple(manifest for manifest in wanted.objects if ref_of(manifest).key in new)
    made = together(connection, hoped, lambda manifest: _is_made(connection, manifest, identity, wanted.revision))
    absent = {ref_of(manifest) for manifest, anew in zip(hoped, made, strict=True) if anew}
    wanted = replace(wanted, objects=tuple(item for item in wanted.objects if ref_of(item) not in absent))
    seen = judged(connection, identity, wanted, partners)

    def rehearsed(manifest: Mapping[str, Any]) -> tuple[Finding, ...]:
        return _rehearsed(connection, manifest, seen[ref_of(manifest).key], identity, wanted, partners)

    return tuple(sorted(finding for found in together(connection, wanted.objects, rehearsed) for finding in found))


def _is_made(connection: Connection, manifest: Mapping[str, Any], identity: PlacementIdentity, revision: str) -> bool:
    """Whether a dry run makes it, or would but for a namespace or a kind that is not there yet. Else nothing is known:
    it may be there, or be refused.
    """
    body = body_of(manifest, identity, revision, created=True)
    try:
        answer = apply_body(connection, body, manager=identity.manager, force=False, dry_run=True)
    except ApiError as error:
        return error.status == 404
    # What is not stored has no version.
    return not answer["metadata"].get("resourceVersion")


def _rehearsed(
    connection: Connection,
    manifest: Mapping[str, Any],
    found: Seen,
    identity: PlacementIdentity,
    wanted: Wanted,
    partners: frozenset[str],
) -> tuple[Finding, ...]:
    ownership, ref = found.ownership, found.ownership.ref
    if ownership.conflicts:
        return tuple(Finding(ref, str(conflict), conflict=conflict) for conflict in ownership.conflicts)
    if ownership.standing is Standing.GOING:
        return (Finding(ref, f"{ref} is being deleted"),)
    if ownership.standing in OURS and is_finished_predecessor(found.live, wanted.revision):
        return ()
    body = due(connection, manifest, found, found.live, identity, wanted.revision, wanted.options)
    if is_applied(body, found.live, identity.manager):
        return ()
    try:
        apply_body(connection, body, manager=identity.manager, force=is_forced(ownership, partners), dry_run=True)
    except ApiError as error:
        if error.status == 404 or any(words in error.message for words in _NOT_TRIED):
            return ()
        if found.live is not None and is_immutable(error) and replaces(ownership, wanted.options):
            return (Finding(ref, f"{ref} is replaced: {error.message}"),)
        why = explain_apply(connection, ref, error)
        return (Finding(ref, f"{ref}: {why}", wrong=not is_transient(error) and not is_missing_right(why)),)
    return ()
