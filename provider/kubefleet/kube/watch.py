"""Watching objects until something holds."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from kubefleet.kube.answer import Json, objects_of
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError, MemberError
from kubefleet.kube.failure import Broken, NotListening, Silent

Objects = Mapping[tuple[str, str], Json]
_SLICE: Final = 5
_PAUSE: Final = 0.5
_EXPIRED: Final = frozenset({410, 500})
_BUSY: Final = frozenset({429, 500, 502, 503, 504})


def watch(
    connection: Connection,
    path: str,
    *,
    until: Callable[[Objects], bool],
    within: float,
    field_selector: str = "",
) -> bool:
    """Follow the objects of a collection until `until` holds of them all; False when `within` seconds pass without it.

    `until` gets the live objects by (namespace, name), each with its apiVersion and kind: once when they are listed,
    then after every change; it may raise to end the watch.
    A watch that is cut or runs out goes on from the last resourceVersion (bookmarks keep that fresh), one that has
    expired (410) starts with a new list. Raises ApiError, Cancelled, BadAnswer, and Unreachable when the server has
    given no answer for `connection.patience.silence` seconds.
    """
    end = time.monotonic() + within
    # Not `by`: a server that restarts while we wait is asked again.
    return _Watch(connection, path, {"fieldSelector": field_selector or None}, until, end).run()


class _Watch:
    """One watch: what is known of the objects, and the version to go on from."""

    def __init__(
        self,
        connection: Connection,
        path: str,
        selectors: Mapping[str, Any],
        until: Callable[[Objects], bool],
        end: float,
    ) -> None:
        self._connection = connection
        self._path = path
        self._selectors = selectors
        self._until = until
        self._end = end
        self._objects: dict[tuple[str, str], Json] = {}
        self._version = ""
        self._silent_since: float | None = None

    def run(self) -> bool:
        while True:
            try:
                if not self._version and self._list():
                    return True
                if self._follow():
                    return True
            except (Broken, NotListening, Silent) as error:
                self._endure(error)
            except ApiError as error:
                if error.status == 410:
                    self._version = ""
                elif error.status in _BUSY:
                    self._endure(error)
                else:
                    raise
            if time.monotonic() >= self._end:
                return False

    def _endure(self, error: MemberError) -> None:
        """Wait a moment; raises the error when the server has been away or busy for too long."""
        now = time.monotonic()
        self._silent_since = self._silent_since or now
        if now - self._silent_since >= self._connection.patience.silence:
            raise error
        self._connection.patience.sleep(_PAUSE)

    def _list(self) -> bool:
        """Learn all objects anew. One page: a watch is for few objects, named by its selectors."""
        page = self._connection.get(self._path, **self._selectors)
        self._objects = {_key(item): item for item in objects_of(self._connection.name, self._path, page)}
        self._version = str((page.get("metadata") or {}).get("resourceVersion") or "")
        self._silent_since = None
        return self._until(self._objects)

    def _follow(self) -> bool:
        """Follow the changes for one slice of time; True as soon as the condition holds."""
        left = self._end - time.monotonic()
        if left <= 0:
            return False
        slice_ = max(1, min(_SLICE, int(left)))
        events = self._connection.stream(
            self._path,
            silence=slice_ + self._connection.patience.silence,
            watch=True,
            allowWatchBookmarks=True,
            resourceVersion=self._version,
            timeoutSeconds=slice_,
            **self._selectors,
        )
        started, seen = time.monotonic(), 0
        try:
            for event in events:
                seen += 1
                self._silent_since = None
                if self._take(event) and self._until(self._objects):
                    return True
                if time.monotonic() >= self._end:
                    return False
        finally:
            events.close()
        if not seen and time.monotonic() - started < _PAUSE:
            # A server or proxy that ends every watch at once is not asked without a break.
            self._connection.patience.sleep(_PAUSE)
        return False

    def _take(self, event: Json) -> bool:
        """Learn from one event; True if an object changed. Raises ApiError for an ERROR event."""
        kind, item = event.get("type"), event.get("object")
        item = item if isinstance(item, dict) else {}
        if kind == "ERROR":
            code = int(item.get("code") or 0)
            raise ApiError(
                self._connection.name,
                f"watch {self._path}",
                410 if code in _EXPIRED else code,
                str(item.get("reason") or "Error"),
                str(item.get("message") or ""),
            )
        self._version = str((item.get("metadata") or {}).get("resourceVersion") or self._version)
        if kind == "BOOKMARK":
            return False
        if kind == "DELETED":
            self._objects.pop(_key(item), None)
        else:
            self._objects[_key(item)] = item
        return True


def _key(item: Mapping[str, Any]) -> tuple[str, str]:
    metadata = item.get("metadata") or {}
    return str(metadata.get("namespace") or ""), str(metadata.get("name") or "")
