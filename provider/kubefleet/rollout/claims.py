"""How the volume claims' storage classes bind: what the health of a pending claim depends on."""

from collections.abc import Mapping
from typing import Any, Final

from immutabledict import immutabledict

from kubefleet.kube import ApiError, Connection

_CLASSES: Final = "/apis/storage.k8s.io/v1/storageclasses"
_NOTHING: Final[Mapping[str, str]] = immutabledict()


def binding_modes_for(connection: Connection, live: Mapping[str, Any]) -> Mapping[str, str]:
    """The volumeBindingMode of the class that a pending claim names, as `health` takes it; nothing for other objects.

    Costs one GET. A class that may not be read (403) or is not there (404) is left out: its claim counts as one that
    binds at once. Raises what else reading raises.
    """
    if (live.get("apiVersion"), live.get("kind")) != ("v1", "PersistentVolumeClaim"):
        return _NOTHING
    name = (live.get("spec") or {}).get("storageClassName")
    if not name or (live.get("status") or {}).get("phase") != "Pending":
        return _NOTHING
    try:
        found = connection.get(f"{_CLASSES}/{name}")
    except ApiError as error:
        if error.status not in (403, 404):
            raise
        return _NOTHING
    return {name: str(found.get("volumeBindingMode") or "")}
