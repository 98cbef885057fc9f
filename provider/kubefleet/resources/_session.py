"""What the resources of one command share in memory: one plugin process serves a whole preview or a whole update."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from kubefleet.resources import _engine

manifests: dict[str, Mapping[str, Any]] = {}
"""Placement uid -> manifests, put there by `Ownership.check`; secrets in it are in clear, so it never leaves memory."""

before: dict[str, Mapping[str, Any]] = {}
"""Placement uid -> the manifests of the last run."""

drifted: dict[str, list[str]] = {}
"""Placement uid -> clusters where a refresh has found drift, put there by `Ownership.diff`."""

versions: dict[str, Mapping[str, int]] = {}
"""Placement uid -> how often each Secret of its manifests has changed, with its overrides."""

overrides_before: dict[str, Any] = {}
"""Placement uid -> the overrides of the last run."""

overrides: dict[str, Any] = {}
"""Placement uid -> overrides as they were written, put there by `Ownership.check`; they may hold secrets in clear too.
None where something in them is not known in this preview.
"""

going: dict[str, str] = {}
"""Placement uid -> name, for those that the program has no more: `Ownership.delete` ends this `up` with them."""

gone: set[str] = set()
"""Uids of placements that this stack has removed before, and that may still be on a member that was silent then."""

refused_jobs: dict[str, str] = {}
"""`<fleet>/<job>` -> why its change is refused, put there by `Dispatch.diff`."""

unreachable: dict[tuple[str, Any], str] = {}
"""Member and access -> why, for those that a check of this process could not reach: they are not asked again."""

checked = threading.Event()
"""Set by the first check: this command is an `up` or a preview, not a `destroy`."""

previewing = threading.Event()
"""Set by `Schedule.check` of a preview."""

_connections: dict[tuple[str, Any], Any] = {}
_federated: dict[Any, Any] = {}
_lock = threading.Lock()


def keep(name: str, access: Any, connection: Any) -> None:
    """Remember a connection that the snapshot has opened."""
    with _lock:
        _connections[name, access] = connection


def federated(key: Any, make: Callable[[], Any]) -> Any:
    """A member with its identities, of which all in this process have the same: their tokens are kept in it."""
    with _lock:
        known = _federated.get(key)
    if known is None:
        # Not under the lock: making one may ask the hub.
        made = make()
        with _lock:
            known = _federated.setdefault(key, made)
    return known


def connection_to(name: str, access: Any) -> Any:
    """A connection to a member, opened once in this process. Raises `kube.Unreachable`."""
    from kubefleet.kube import Unreachable, connect

    if (name, access) in unreachable:
        raise Unreachable(name, unreachable[name, access])
    if access is None:
        raise Unreachable(name, "not created yet")
    with _lock:
        known = _connections.get((name, access))
    if known is None:
        known = connect(name, access, cancelled=_engine.cancelled.is_set)
        keep(name, access, known)
    return known
