"""The Lease on the hub by which one process at a time works on a job.

As client-go's leader election: a holder renews it; who wants it takes it when it has not been renewed for its whole
duration, by the own monotonic clock from when the last renewal was seen: no two clocks are compared. Ours, since
`kubernetes.leaderelection` (37.0) asks the process's one global client and not a given connection, holds the calling
thread for as long as it leads and cannot be told to stop, waits for whoever has the lock for ever instead of naming
them, does not give it back at the end, and measures by the wall clock, which may jump.
"""

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self

from kubefleet.dispatch.hub_objects import create_in, hub_name, undisturbed
from kubefleet.dispatch.owned import MANAGER
from kubefleet.jobs.shard_job import JOB_LABEL
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError, MemberError
from kubefleet.kube.object_access import MERGE, delete_if_there, find
from kubefleet.kube.object_ref import ObjectRef
from kubefleet.kube.pause import pause

SECONDS: Final = 15
"""How long a lease holds that nobody renews."""
_POLLS: Final = 15
_RENEWALS: Final = 5
_API: Final = "coordination.k8s.io/v1"


class Held(MemberError):
    """Another process works on the job; `holder` names it."""

    def __init__(self, hub: str, holder: str) -> None:
        self.holder = holder
        super().__init__(
            hub, f"{told(holder)} is at work on the job (expected nobody). Wait until it has ended, or end it there"
        )


class LeaseLost(MemberError):
    """The lease could not be renewed in time: another process may be at work by now."""


def new_holder() -> str:
    """A name for this process that no other has."""
    return f"{socket.gethostname()}_{os.getpid()}_{secrets.token_hex(4)}"


def told(holder: str) -> str:
    """The process in words."""
    host, process, _ = (*holder.rsplit("_", 2), "", "")[:3] if holder.count("_") >= 2 else (holder, "", "")
    return f"process {process} on {host}" if process else host


@dataclass(frozen=True, slots=True)
class _Seen:
    """A holder's last renewal, and when it was seen."""

    holder: str
    renewed: str
    at: float


class HubLease:
    """The lease of one job, held inside `with`; a thread renews it.

    Entering takes at most about the duration of the lease, and raises Held where another process is alive; methods
    raise as `Connection` does.
    """

    def __init__(
        self,
        hub: Connection,
        namespace: str,
        uid: str,
        holder: str,
        *,
        seconds: float = SECONDS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.holder = holder
        self._patience = hub.patience
        self._hub = undisturbed(hub)
        self._ref = ObjectRef(_API, "Lease", namespace, hub_name(uid))
        self._labels = {JOB_LABEL: uid}
        self._seconds = seconds
        self._now = now
        self._renewed = 0.0
        self._lost = False
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.acquire()
        self._thread = threading.Thread(target=self._renew_until_the_end, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._thread is not None:
            # One that asks a hub which hangs is left to itself.
            self._thread.join(self._seconds)
        self.release()

    def acquire(self) -> None:
        """See the class."""
        seen: _Seen | None = None
        while True:
            live = find(self._hub, self._ref)
            spec = (live or {}).get("spec") or {}
            other = str(spec.get("holderIdentity") or "")
            if other in ("", self.holder):
                if self._take(live):
                    return
                continue
            renewed = str(spec.get("renewTime") or "")
            if seen is None:
                seen = _Seen(other, renewed, self._now())
            elif (other, renewed) != (seen.holder, seen.renewed):
                raise Held(self._hub.name, other)
            elif self._now() - seen.at >= float(spec.get("leaseDurationSeconds") or self._seconds) and self._take(live):
                return
            if not pause(self._hub.name, self._patience, self._seconds / _POLLS):
                raise Held(self._hub.name, other)

    def check(self) -> None:
        """Raises LeaseLost where others may have it by now, before they can."""
        if self._lost or self._now() - self._renewed >= self._seconds * (_RENEWALS - 1) / _RENEWALS:
            self._lost = True
            raise LeaseLost(
                self._hub.name,
                f"the lease of the job could not be renewed for {self._seconds:g} s (expected an answer of the hub). "
                "Nothing more was done; run it again",
            )

    def other(self) -> str:
        """Who else has it, in words; empty where nobody has."""
        live = find(self._hub, self._ref)
        holder = str(((live or {}).get("spec") or {}).get("holderIdentity") or "")
        return "" if holder in ("", self.holder) else told(holder)

    def release(self) -> None:
        """Give it back, so that the next one need not wait. That the hub is silent is no error: then it runs out."""
        try:
            live = find(self._hub, self._ref)
            if live is not None and (live.get("spec") or {}).get("holderIdentity") == self.holder:
                self._write(live, {"holderIdentity": None, "renewTime": None, "acquireTime": None})
        except MemberError:
            return

    def delete(self) -> None:
        """The job is gone."""
        delete_if_there(self._hub, self._ref)

    def _take(self, live: Mapping[str, Any] | None) -> bool:
        """Whether nobody else was quicker."""
        at, moment = self._now(), _moment()
        mine = {
            "holderIdentity": self.holder,
            "leaseDurationSeconds": max(1, round(self._seconds)),
            "acquireTime": moment,
            "renewTime": moment,
        }
        try:
            if live is None:
                metadata = {"name": self._ref.name, "namespace": self._ref.namespace, "labels": self._labels}
                body = {"apiVersion": _API, "kind": "Lease", "metadata": metadata, "spec": mine}
                path = f"/apis/{_API}/namespaces/{self._ref.namespace}/leases"
                if create_in(self._hub, path, self._ref.namespace, body) is None:
                    return False
            else:
                self._write(live, mine)
        except ApiError as error:
            if error.status not in (404, 409):
                raise
            return False
        self._renewed = at
        return True

    def _renew_until_the_end(self) -> None:
        while not self._ended.wait(self._seconds / _RENEWALS):
            try:
                at = self._now()
                live = find(self._hub, self._ref)
                if live is None or (live.get("spec") or {}).get("holderIdentity") != self.holder:
                    self._lost = True
                    return
                self._write(live, {"renewTime": _moment()})
                self._renewed = at
            except MemberError:
                continue  # `check` says when it is too late

    def _write(self, live: Mapping[str, Any], spec: Mapping[str, Any]) -> None:
        """Raises ApiError 409 where it was changed since."""
        path = f"/apis/{_API}/namespaces/{self._ref.namespace}/leases/{self._ref.name}"
        version = {"metadata": {"resourceVersion": live["metadata"]["resourceVersion"]}}
        self._hub.patch(path, {**version, "spec": dict(spec)}, MERGE, fieldManager=MANAGER)


def _moment() -> str:
    """For whoever reads it: nobody compares it with a clock."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
