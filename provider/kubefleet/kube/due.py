"""What is due for one object: how it was found, and the body that is to be applied."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kubefleet.kube.connection import Connection
from kubefleet.kube.drift import Drift, drift_of, without_drift
from kubefleet.kube.managed_fields import applied, managed_by
from kubefleet.kube.manifest import OPERATOR_ANNOTATION, body_of
from kubefleet.kube.ownership import Ownership, Standing
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.kube.replicas import is_autoscaled
from kubefleet.kube.stop import was_stopped
from kubefleet.model.apply_options import ApplyOptions, OnDrift
from kubefleet.spec.scale import replicas_in, with_replicas

OURS = (Standing.OURS, Standing.SHARED)


@dataclass(frozen=True, slots=True)
class Seen:
    """One object as it was found: whose it is, and what a GET gave (None: absent)."""

    ownership: Ownership
    live: Mapping[str, Any] | None

    @property
    def is_absent(self) -> bool:
        """Whether it is still to be made."""
        return self.ownership.standing is Standing.ABSENT


def ignored(_drift: Drift) -> None:
    """Nobody wants to know."""


def due(
    connection: Connection,
    manifest: Mapping[str, Any],
    found: Seen,
    live: Mapping[str, Any] | None,
    identity: PlacementIdentity,
    revision: str,
    options: ApplyOptions,
    drifted: Callable[[Drift], None] = ignored,
) -> dict[str, Any]:
    """The body to apply: without replicas that an autoscaler has set, and without drift that `options` leave to others
    (`drifted` gets it). `live` is None where the object is made anew.
    """
    body = body_of(manifest, identity, revision, created=found.is_absent or found.ownership.created)
    if live is None:
        return body
    autoscaled = replicas_in(body) is not None and is_autoscaled(connection, live, identity)
    if autoscaled and not was_stopped(live, identity, "replicas"):
        body = with_replicas(body, None)
    if found.ownership.standing in OURS and options.on_drift is OnDrift.REPORT:
        for drift in drift_of(body, live):
            drifted(drift)
        body = without_drift(body, live)
    return body


def is_forced(ownership: Ownership, partners: frozenset[str]) -> bool:
    """Whether fields of others are overwritten: only where the object is certainly ours, or becomes so; then they are
    drift. Co-owners that are known to bring the same content may be overridden too, or two placements that change it
    together would wait for each other.
    """
    ours = ownership.standing in (*OURS, Standing.TAKEN_OVER)
    return ours and partners.issuperset(ownership.others)


def is_applied(body: Mapping[str, Any], live: Mapping[str, Any] | None, manager: str) -> bool:
    """Whether applying `body` would change nothing: what our manager holds is exactly that, in these values.

    Who wrote it is no difference: another operator alone makes no write. May say False for a spelling that the server
    normalises (`1000m`); then one apply is made that changes nothing.
    """
    if live is None:
        return False
    metadata = {key: value for key, value in body["metadata"].items() if key not in ("name", "namespace")}
    wanted = {key: value for key, value in body.items() if key not in ("apiVersion", "kind")} | {"metadata": metadata}
    return any(
        entry.manager == manager
        and entry.operation == "Apply"
        and not entry.subresource
        and _by_anybody(applied(live, entry.fields)) == _by_anybody(wanted)
        for entry in managed_by(live)
    )


def _by_anybody(body: Mapping[str, Any] | None) -> Mapping[str, Any]:
    found = body or {}
    metadata = found.get("metadata") or {}
    annotations = metadata.get("annotations") or {}
    if OPERATOR_ANNOTATION not in annotations:
        return found
    rest = {key: value for key, value in annotations.items() if key != OPERATOR_ANNOTATION}
    return {**found, "metadata": {**metadata, "annotations": rest}}
