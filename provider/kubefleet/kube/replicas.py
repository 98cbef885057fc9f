"""Whose `spec.replicas` are: an autoscaler's are never written, and ours are handed over before they are given up."""

from collections.abc import Mapping
from typing import Any, Final

from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError
from kubefleet.kube.managed_fields import Managed, managed_by
from kubefleet.kube.object_access import apply_body
from kubefleet.kube.object_ref import ref_of
from kubefleet.kube.ownership import owners
from kubefleet.kube.placement_identity import PlacementIdentity, is_manager_of
from kubefleet.spec.autoscaler import target_of
from kubefleet.spec.scale import replicas_in, replicas_path

_AUTOSCALER: Final = "kube-controller-manager"
_HEIR: Final = "kubefleet-autoscaled"
"""The field manager that keeps `spec.replicas` as they are until an autoscaler changes them."""


def is_autoscaled(connection: Connection, live: Mapping[str, Any], identity: PlacementIdentity) -> bool:
    """Whether an autoscaler in the cluster that is not of this placement scales the workload (KEDA has an HPA do it).

    Costs one list, only where Kubernetes' HPA controller has set the replicas, by the scale sub-resource. Where HPAs
    may not be listed that alone counts.
    """
    path = replicas_path(live)
    if path is None or not any(_is_autoscalers(entry, path) for entry in managed_by(live)):
        return False
    ref = ref_of(live)
    try:
        items = list(connection.list(f"/apis/autoscaling/v2/namespaces/{ref.namespace}/horizontalpodautoscalers"))
    except ApiError as error:
        if error.status not in (403, 404):
            raise
        return True
    found = ({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", **item} for item in items)
    return any(target_of(item) == ref.owner_value and identity.uid not in owners(item) for item in found)


def hand_over_replicas(
    connection: Connection, body: Mapping[str, Any], live: Mapping[str, Any], identity: PlacementIdentity
) -> None:
    """If `body` no longer has the replicas that only this placement has applied, let another manager hold them first.

    The API server removes a field that its last manager gives up, and a workload without replicas has one: see
    kubernetes.io/docs/reference/using-api/server-side-apply, "Transferring ownership". Raises ApiError.
    """
    path = replicas_path(body)
    if path is None or replicas_in(body) is not None:
        return
    holders = [entry.manager for entry in managed_by(live) if _holds(entry.fields, path)]
    if holders and all(is_manager_of(manager, identity.uid) for manager in holders):
        ref = ref_of(live)
        kept: dict[str, Any] = replicas_in(live)
        for step in reversed(path):
            kept = {step: kept}
        kept |= {
            "apiVersion": ref.api_version,
            "kind": ref.kind,
            "metadata": {"name": ref.name, "namespace": ref.namespace},
        }
        apply_body(connection, kept, manager=_HEIR, force=False)


def _is_autoscalers(entry: Managed, path: tuple[str, ...]) -> bool:
    return entry.manager == _AUTOSCALER and entry.subresource == "scale" and _holds(entry.fields, path)


def _holds(fields: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    part: Any = fields
    for step in path:
        part = part.get(f"f:{step}") if isinstance(part, Mapping) else None
    return part is not None
