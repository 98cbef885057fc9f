"""What reaches into Pulumi's SDK: rows, cancellation, worker threads, errors of one line.

A dynamic provider is told neither its resource's URN nor that the user pressed ^C, gets four worker threads, and
prints a traceback for every error. Each part below mends one of these by looking at the running plugin process, and
does nothing where that process looks different: then progress is not shown, or a wait is not cut short, but
results stay the same.
"""

import contextlib
import logging
import sys
import threading
import traceback
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

_WORKERS = 64
_HANDLERS = frozenset({"Check", "Diff", "Create", "Read", "Update", "Delete"})
_CANCEL = "/pulumirpc.ResourceProvider/Cancel"
_log = logging.getLogger(__name__)

_urn: ContextVar[str] = ContextVar("urn", default="")
cancelled = threading.Event()
"""Set when the user cancels; every wait polls it."""


class OneLine(Exception):
    """An error of ours that the engine should print as its one line."""


def current_urn() -> str:
    """The URN of the resource that this thread serves, or an empty text."""
    if urn := _urn.get():
        return urn
    for frame in _frames(sys._getframe(1)):
        if frame.f_code.co_name in _HANDLERS:
            return str(getattr(frame.f_locals.get("request"), "urn", ""))
    return ""


@contextlib.contextmanager
def serving(urn: str) -> Iterator[None]:
    """Work done in other threads on behalf of a resource logs to that resource's row."""
    token = _urn.set(urn)
    try:
        yield
    finally:
        _urn.reset(token)


def show(message: str, *, urn: str = "", ephemeral: bool = True, warning: bool = False) -> None:
    """Put a message on the row of the resource; what is not ephemeral also stays in the diagnostics."""
    stub = _engine()
    if stub is None:
        return
    from pulumi.runtime.proto import engine_pb2

    severity = engine_pb2.WARNING if warning else engine_pb2.INFO
    request = engine_pb2.LogRequest(severity=severity, message=message, urn=urn or current_urn(), ephemeral=ephemeral)
    try:
        stub.Log(request)
    except Exception as error:
        _log.debug("the engine took no message: %s", error)


def install() -> None:
    """Mend the plugin process, once. Safe to call anywhere: it changes nothing outside a plugin process."""
    global _installed
    with _install_lock:
        if _installed:
            return
        _installed = True
        main = sys.modules.get("__main__")
        if main is None or not hasattr(main, "DynamicResourceProviderServicer"):
            return
        main.traceback = _Traceback()  # type: ignore[attr-defined]
        server = _grpc_server()
        if server is not None:
            _raise_workers(server)
            _hear_cancel(server)


_installed = False
_install_lock = threading.Lock()
_stub: Any = None


class _Traceback:
    """Stands for the `traceback` module in the plugin's main module, which formats every error with it."""

    @staticmethod
    def format_exc() -> str:
        error = sys.exc_info()[1]
        return str(error) if isinstance(error, OneLine) else traceback.format_exc()


def _frames(frame: Any) -> Iterator[Any]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _engine() -> Any:
    """A stub for the engine, whose address is the last argument of the plugin process."""
    global _stub
    if _stub is None:
        main = sys.modules.get("__main__")
        if not hasattr(main, "DynamicResourceProviderServicer") or ":" not in sys.argv[-1]:
            return None
        import grpc
        from pulumi.runtime.proto import engine_pb2_grpc

        _stub = engine_pb2_grpc.EngineStub(grpc.insecure_channel(sys.argv[-1]))
    return _stub


def _grpc_server() -> Any:
    """The plugin's server, a local variable of the main thread's `main()`."""
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    for step in _frames(frame):
        if step.f_code.co_name == "main" and "server" in step.f_locals:
            return step.f_locals["server"]
    return None


def _raise_workers(server: Any) -> None:
    pool: Any = getattr(getattr(server, "_state", None), "thread_pool", None)
    if hasattr(pool, "_max_workers"):
        pool._max_workers = max(_WORKERS, pool._max_workers)


def _hear_cancel(server: Any) -> None:
    for handlers in getattr(getattr(server, "_state", None), "generic_handlers", ()):
        methods = getattr(handlers, "_method_handlers", None)
        if not isinstance(methods, dict) or _CANCEL not in methods:
            continue
        known = methods[_CANCEL]

        def cancel(request: Any, context: Any, answer: Any = known.unary_unary) -> Any:
            cancelled.set()
            return answer(request, context)

        methods[_CANCEL] = known._replace(unary_unary=cancel)
