"""One process at work on a job whose account is on a hub: from taking the lease to giving it back."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from immutabledict import immutabledict

from kubefleet.dispatch.hub_account import HubAccount
from kubefleet.dispatch.hub_lease import SECONDS, HubLease, new_holder
from kubefleet.jobs.account import Account
from kubefleet.jobs.record import JobRecord, united
from kubefleet.kube.connection import Connection


class HubWork:
    """Inside `with` nobody else works on the job. Entering raises Held where somebody does; everything raises as
    `Connection` does, and what is written LeaseLost or Contended, where it may be somebody else's by now.

    `leased` says what is known of shards' leases, where the job has any, and `gang` how far a gang has come.
    """

    def __init__(self, hub: Connection, namespace: str, uid: str, *, seconds: float = SECONDS) -> None:
        holder = new_holder()
        self._lease = HubLease(hub, namespace, uid, holder, seconds=seconds)
        self._account = HubAccount(hub, namespace, uid, holder, self._lease.other)
        self._record: JobRecord | None = None
        self.leased: Callable[[], Mapping[str, float]] = immutabledict
        self.gang: Callable[[], Any] = lambda: None

    def __enter__(self) -> Self:
        self._lease.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lease.__exit__(kind, error, trace)

    def load(self, mine: JobRecord | None) -> JobRecord | None:
        """What is known of the job: what the hub has, and what the caller has."""
        self._record = there = self._account.read()
        return united(mine, there) if mine is not None and there is not None else mine or there

    def begin(self, record: JobRecord) -> None:
        """Go on from there, whatever was loaded: it is kept before anything is done."""
        if record != self._record:
            self._write(record)

    def store(self, account: Account) -> None:
        """Keep the account, with all that stands beside it. None of it may be done before."""
        self._write(replace(self.record, account=account, leased=self.leased(), gang=self.gang()))

    def keep(self, record: JobRecord) -> JobRecord:
        """Keep what a run has come to; nothing is written where that is known."""
        record = replace(record, leased=self.leased(), writes=self.record.writes)
        if record != self.record:
            self._write(record)
        return self.record

    def remove(self) -> None:
        """The job is gone: so is all that the hub has of it."""
        self._account.read()
        self._account.delete()
        self._lease.delete()

    @property
    def record(self) -> JobRecord:
        """As it was kept last."""
        if self._record is None:
            raise ValueError("no record of the job yet (expected `begin` first)")
        return self._record

    def _write(self, record: JobRecord) -> None:
        self._lease.check()
        self._record = self._account.write(record)
