"""Kueue on a member, where it is installed: whether a queue is one of its, and how far it lets a job.

Written to what kueue.x-k8s.io/v1beta1 and v1beta2 have in common.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kubefleet.kube.answer import Json
from kubefleet.kube.connection import Connection
from kubefleet.kube.discovery import ApiCatalogue, ApiResource
from kubefleet.kube.errors import ApiError

_GROUP: Final = "kueue.x-k8s.io"
_OF_JOB: Final = "kueue.x-k8s.io/job-uid"


@dataclass(frozen=True, slots=True)
class Standing:
    """How far Kueue lets a job: `reserved`: it keeps quota for it; `admitted`: it may run; `why` not, else empty."""

    reserved: bool
    admitted: bool
    why: str


def has_queue(connection: Connection, namespace: str, queue: str) -> bool:
    """Whether it is a LocalQueue there. Raises as `Connection` does: who may not look does not run past it."""
    served = _served(connection.apis(), "LocalQueue") or _served(connection.apis(fresh=True), "LocalQueue")
    if served is None:
        return False
    try:
        connection.get(served.path(namespace, queue))
    except ApiError as error:
        if error.status != 404:
            raise
        return False
    return True


def standings(connection: Connection, namespace: str, uids: Collection[str]) -> Mapping[str, Standing]:
    """By the uid of each job. Raises as `Connection` does."""
    if not uids:
        return {}
    served = _served(connection.apis(), "Workload") or _served(connection.apis(fresh=True), "Workload")
    if served is None:
        return dict.fromkeys(uids, Standing(False, False, "Kueue is not there any more"))
    found = dict.fromkeys(sorted(uids), Standing(False, False, "Kueue has not seen it yet"))
    for item in connection.list(served.path(namespace), labelSelector=f"{_OF_JOB} in ({','.join(found)})"):
        uid = str(item["metadata"]["labels"][_OF_JOB])
        found[uid] = _standing(item)
    return found


def _served(catalogue: ApiCatalogue, kind: str) -> ApiResource | None:
    return next(
        (item for item in catalogue.namespaced() if item.kind == kind and item.api_version.startswith(f"{_GROUP}/")),
        None,
    )


def _standing(workload: Json) -> Standing:
    conditions = {str(item["type"]): item for item in (workload.get("status") or {}).get("conditions") or ()}
    reserved, admitted = _holds(conditions, "QuotaReserved"), _holds(conditions, "Admitted")
    if admitted:
        return Standing(reserved, True, "")
    if (workload.get("spec") or {}).get("active") is False:
        return Standing(reserved, False, "it was deactivated in Kueue")
    if reserved:
        return Standing(True, False, _says(conditions.get("Admitted"), "its quota is reserved, and checks are to pass"))
    return Standing(False, False, _says(conditions.get("QuotaReserved"), "Kueue has not considered it yet"))


def _holds(conditions: Mapping[str, Mapping[str, Any]], name: str) -> bool:
    return (conditions.get(name) or {}).get("status") == "True"


def _says(condition: Mapping[str, Any] | None, otherwise: str) -> str:
    told = " ".join(str((condition or {}).get("message") or (condition or {}).get("reason") or "").split())
    return told or otherwise
