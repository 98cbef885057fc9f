"""Drift of a whole placement on one member: read, and nothing written."""

from collections.abc import Mapping
from typing import Any

from kubefleet.kube.connection import Connection
from kubefleet.kube.drift import drift_of
from kubefleet.kube.inventory_store import read_inventory_object
from kubefleet.kube.manifest import body_of
from kubefleet.kube.object_access import find
from kubefleet.kube.object_ref import ObjectRef, ref_of
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.kube.scope import scoped
from kubefleet.kube.together import together


def look_for_drift(
    connection: Connection, identity: PlacementIdentity, manifests: Mapping[str, Mapping[str, Any]]
) -> tuple[str, ...]:
    """One line for each object and manager, sorted: fields that somebody else has changed, objects that are gone.

    One GET for each object that the inventory object lists and the manifests have; nothing where no rollout was
    completed. Raises what reading raises.
    """
    inventory = read_inventory_object(connection, identity.uid)
    if inventory is None or not inventory.completed:
        return ()
    wanted = {ref_of(item): item for item in scoped(connection, tuple(manifests.values()))}

    def lines(ref: ObjectRef) -> list[str]:
        live = find(connection, ref)
        if live is None:
            return [f"{ref}: deleted"]
        body = body_of(wanted[ref], identity, inventory.revision)
        return [str(drift) for drift in drift_of(body, live)]

    there = tuple(ref for ref in inventory.objects if ref in wanted)
    return tuple(sorted(line for found in together(connection, there, lines) for line in found))
