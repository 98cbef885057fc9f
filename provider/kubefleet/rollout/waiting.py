"""Waiting until what was applied is available."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kubefleet.health import Health, Status, health
from kubefleet.kube import Connection, watch
from kubefleet.kube.errors import MemberError
from kubefleet.kube.object_access import find
from kubefleet.kube.object_ref import ObjectRef

Seen = Callable[[ObjectRef, Mapping[str, Any]], None]


class Unhealthy(MemberError):
    """An object has failed, or did not become available in time."""

    def __init__(self, member: str, ref: ObjectRef, why: str) -> None:
        self.object = ref
        super().__init__(member, f"{ref} is not available: {why}")


def wait_until_available(connection: Connection, refs: Iterable[ObjectRef], *, deadline: float, seen: Seen) -> None:
    """Wait for every object; `deadline` is a moment of `time.monotonic`, `seen` gets each live object as it changes.

    Raises Unhealthy as soon as one has failed or when time is up, and what reading raises. An object whose health
    nobody can tell is waited for until the deadline: it is never silently available.
    """
    for ref in sorted(refs):
        last = Health(Status.PROGRESSING, "it was not found")

        def holds(live: Mapping[str, Any], ref: ObjectRef = ref) -> bool:
            nonlocal last
            last = health(live)
            seen(ref, live)
            if last.status is Status.FAILED:
                raise Unhealthy(connection.name, ref, last.reason)
            return last.status is Status.AVAILABLE

        found = find(connection, ref)
        if found is not None and holds(found):
            continue
        ok = watch(
            connection,
            connection.path_of(ref.api_version, ref.kind, ref.namespace),
            until=lambda objects, holds=holds, ref=ref: (
                (ref.namespace, ref.name) in objects  # type: ignore[misc]
                and holds(objects[ref.namespace, ref.name])
            ),
            within=max(0.0, deadline - time.monotonic()),
            field_selector=f"metadata.name={ref.name}",
        )
        if not ok:
            raise Unhealthy(connection.name, ref, f"{last.reason or last.status} when its time was up")
