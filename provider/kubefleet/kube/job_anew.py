"""A Job runs once per revision: its finished predecessor goes before the new one comes (a Job's template is fixed)."""

from collections.abc import Mapping
from typing import Any, Final

from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError
from kubefleet.kube.manifest import REVISION_ANNOTATION
from kubefleet.kube.object_access import delete_live, find
from kubefleet.kube.object_ref import ref_of
from kubefleet.kube.patience import Patience
from kubefleet.kube.pause import pause
from kubefleet.kube.refusal import NotApplied
from kubefleet.kube.refused_write import explain

_PAUSE: Final = 0.2


def is_finished_predecessor(live: Mapping[str, Any] | None, revision: str) -> bool:
    """Whether it is a Job of another revision that is complete or has failed. Pure."""
    if live is None or live.get("kind") != "Job" or not str(live.get("apiVersion")).startswith("batch/"):
        return False
    annotations = live["metadata"].get("annotations") or {}
    conditions = (live.get("status") or {}).get("conditions") or []
    return annotations.get(REVISION_ANNOTATION) != revision and any(
        item.get("type") in ("Complete", "Failed") and item.get("status") == "True" for item in conditions
    )


def remove_predecessor(connection: Connection, live: Mapping[str, Any], patience: Patience) -> None:
    """Delete it and wait until it is gone. Raises NotApplied when it stays."""
    ref = ref_of(live)
    try:
        delete_live(connection, live)
    except ApiError as error:
        if error.status != 404:
            why = f"its finished predecessor was not deleted: {explain(error)}"
            raise NotApplied(connection.name, ref, why) from error
    while (there := find(connection, ref)) is not None and ref_of(there).uid == ref.uid:
        if not pause(connection.name, patience, _PAUSE):
            why = "its finished predecessor is still being deleted. Run `pulumi up` again."
            raise NotApplied(connection.name, ref, why)
