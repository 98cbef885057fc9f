"""Kinds that have just come: an API server tells of a CRD's kind a moment after the CRD is established."""

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from kubefleet.kube.connection import Connection
from kubefleet.kube.patience import Patience
from kubefleet.kube.pause import pause
from kubefleet.kube.scope import is_crd

LONGEST: Final = 15.0
"""Seconds; who then asks for the kind is told that it is not served."""
_BETWEEN: Final = 0.1


def await_served(connection: Connection, manifests: Iterable[Mapping[str, Any]], patience: Patience) -> None:
    """Return when the server tells of every kind that the CRDs among `manifests` define, at the latest after
    `LONGEST`. Raises Cancelled.
    """
    until = time.monotonic() + LONGEST
    for api_version, kind in (defined for manifest in manifests if is_crd(manifest) for defined in _defined(manifest)):
        while connection.resource_of(api_version, kind) is None and time.monotonic() < until:
            if not pause(connection.name, patience, _BETWEEN):
                return


def _defined(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """API version and kind of each version that is to be served."""
    spec = manifest.get("spec") or {}
    kind = str((spec.get("names") or {}).get("kind") or "")
    served = [version for version in spec.get("versions") or () if version.get("served")]
    return [(f"{spec.get('group')}/{version.get('name')}", kind) for version in served]
