"""Pods of a StatefulSet that stand in its way: Kubernetes replaces one at a time, and waits for a broken one for ever.

https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback
"""

from collections.abc import Mapping
from typing import Any, Final

from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError
from kubefleet.kube.label_selector import label_selector
from kubefleet.kube.object_access import delete_live, find
from kubefleet.kube.object_ref import ObjectRef
from kubefleet.kube.patience import Patience
from kubefleet.kube.pause import pause

_HASH: Final = "controller-revision-hash"
_PAUSE: Final = 0.2
_CANNOT_START: Final = frozenset(
    {"CrashLoopBackOff", "CreateContainerConfigError", "ErrImagePull", "ImagePullBackOff", "InvalidImageName"}
)


def remove_abandoned_pods(connection: Connection, ref: ObjectRef, patience: Patience) -> None:
    """Delete those that a StatefulSet's update would wait for in vain; nothing where it is not about to update.

    Waits until its controller has seen the update. One read if nothing is to be done.
    """
    live = find(connection, ref)
    while live is not None and _is_unseen(live) and pause(connection.name, patience, _PAUSE):
        live = find(connection, ref)
    if live is None or _is_unseen(live) or not _waits_in_order(live):
        return
    for pod in connection.list(f"/api/v1/namespaces/{ref.namespace}/pods", labelSelector=label_selector(live)):
        if is_abandoned(pod, live):
            try:
                delete_live(connection, {**pod, "apiVersion": "v1", "kind": "Pod"})
            except ApiError as error:
                if error.status not in (404, 409):  # else it changed meanwhile: it is not the pod that was broken
                    raise


def is_abandoned(pod: Mapping[str, Any], owner: Mapping[str, Any]) -> bool:
    """Whether a pod of the set is not ready and will not be: it is of a revision that is neither the one before nor the
    new one, or of the one before and cannot start. Pure.
    """
    metadata, status = pod["metadata"], owner.get("status") or {}
    uids = [item.get("uid") for item in metadata.get("ownerReferences") or () if item.get("controller")]
    if uids != [owner["metadata"]["uid"]] or metadata.get("deletionTimestamp") or _is_ready(pod):
        return False
    own = (metadata.get("labels") or {}).get(_HASH)
    if own == status.get("updateRevision"):
        return False
    return own != status.get("currentRevision") or _cannot_start(pod)


def _is_unseen(live: Mapping[str, Any]) -> bool:
    return int((live.get("status") or {}).get("observedGeneration") or 0) < int(live["metadata"]["generation"])


def _waits_in_order(live: Mapping[str, Any]) -> bool:
    """Whether an update is under way in which each pod waits for the others. With a partition some stay as they are."""
    spec, status = live["spec"], live.get("status") or {}
    strategy = spec.get("updateStrategy") or {}
    updated, replicas = (int(status.get(key) or 0) for key in ("updatedReplicas", "replicas"))
    return (
        spec.get("podManagementPolicy", "OrderedReady") == "OrderedReady"
        and strategy.get("type", "RollingUpdate") == "RollingUpdate"
        and not (strategy.get("rollingUpdate") or {}).get("partition")
        and updated < replicas
    )


def _is_ready(pod: Mapping[str, Any]) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(item.get("type") == "Ready" and item.get("status") == "True" for item in conditions)


def _cannot_start(pod: Mapping[str, Any]) -> bool:
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return any(((item.get("state") or {}).get("waiting") or {}).get("reason") in _CANNOT_START for item in statuses)
