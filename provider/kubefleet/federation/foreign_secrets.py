"""Secrets that somebody else's records name: a placement that may write one could read it."""

from collections.abc import Collection

from kubefleet.kube.bookings import read_inventory_objects
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import BadAnswer
from kubefleet.kube.inventory_object import KIND_LABEL, NAMESPACE
from kubefleet.kube.object_ref import ObjectRef

SECRET = ("", "Secret")


def foreign_secrets(
    look: Connection, wanted: Collection[ObjectRef], known: Collection[str]
) -> frozenset[tuple[str, str]]:
    """(namespace, name) of those Secrets among the wanted objects that another placement has at the member; `known` are
    the uids of those that may share theirs.

    Only the fleets' records tell: before rights are given nobody of the fleet may look at a Secret. One list, and none
    where no Secret is wanted. Raises as `Connection` does.
    """
    secrets = {(ref.namespace, ref.name) for ref in wanted if (ref.group, ref.kind) == SECRET}
    if not secrets:
        return frozenset()
    path = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
    try:
        recorded = read_inventory_objects(look.list(path, labelSelector=f"{KIND_LABEL}=inventory"))
    except ValueError as error:
        raise BadAnswer(look.name, str(error)) from error
    others = (ref for found in recorded if found.uid not in known for ref in found.objects)
    return frozenset((ref.namespace, ref.name) for ref in others if (ref.group, ref.kind) == SECRET) & secrets
