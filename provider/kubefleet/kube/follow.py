"""Following one object until something holds: by a watch, or by asking again where it may not be watched."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError
from kubefleet.kube.object_access import find
from kubefleet.kube.object_ref import ObjectRef
from kubefleet.kube.pause import pause
from kubefleet.kube.watch import watch

_PAUSE: Final = 1.0
Live = Mapping[str, Any] | None


def follow(connection: Connection, ref: ObjectRef, *, until: Callable[[Live], bool], within: float) -> bool:
    """Whether `until` holds of the live object (None: not there) within so many seconds; it may raise to end it.

    Least privilege lets a placement watch some of its objects and get each: what is refused (403) is asked for once a
    second. Raises what `watch` and `find` raise.
    """
    end = time.monotonic() + within
    try:
        return watch(
            connection,
            connection.path_of(ref.api_version, ref.kind, ref.namespace),
            until=lambda objects: until(objects.get((ref.namespace, ref.name))),
            within=within,
            field_selector=f"metadata.name={ref.name}",
        )
    except ApiError as error:
        if error.status != 403:
            raise
    while not until(find(connection, ref)):
        if time.monotonic() >= end or not pause(connection.name, connection.patience, _PAUSE):
            return False
    return True
