"""Objects to make only where they are missing: one of somebody else's is used as it is."""

from collections.abc import Mapping, Sequence
from typing import Any

from kubefleet.kube.connection import Connection
from kubefleet.kube.manifest import body_of
from kubefleet.kube.object_access import find
from kubefleet.kube.object_ref import ref_of
from kubefleet.kube.ownership import Standing, classify
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.spec.follower_kinds import is_only_if_missing


def without_present(
    connection: Connection, manifests: Sequence[Mapping[str, Any]], identity: PlacementIdentity
) -> tuple[Mapping[str, Any], ...]:
    """The manifests less those that somebody else has there, or has other content for. One GET for each that is only
    to be made if missing, none for the others.
    """

    def is_wanted(manifest: Mapping[str, Any]) -> bool:
        if not is_only_if_missing(manifest):
            return True
        live = find(connection, ref_of(manifest))
        return classify(body_of(manifest, identity, ""), live, identity).standing is not Standing.FOREIGN

    return tuple(manifest for manifest in manifests if is_wanted(manifest))
