"""Where the record of a job is kept: in Pulumi's state, and on the fleet's hub, where it has one."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any, Protocol

from immutabledict import immutabledict

from kubefleet.dispatch.hub_account import HubAccount
from kubefleet.dispatch.hub_work import HubWork
from kubefleet.identity.needs import HOME
from kubefleet.jobs.account import Account
from kubefleet.jobs.record import JobRecord, united
from kubefleet.kube import ApiError, Connection, MemberError
from kubefleet.kube.hub import HUB
from kubefleet.resources import _session
from kubefleet.resources._adapter import Props
from kubefleet.resources._federation import identity_settings
from kubefleet.spec.member import AccessSpec, access_of
from kubefleet.spec.mistakes import Mistake, MistakesError, Spelling
from kubefleet.spec.written import read


class Keeping(Protocol):
    """As `HubWork`."""

    leased: Callable[[], Mapping[str, float]]
    gang: Callable[[], Any]

    def load(self, mine: JobRecord | None) -> JobRecord | None:
        """What is known of the job."""
        ...

    def begin(self, record: JobRecord) -> None:
        """Go on from there."""
        ...

    def store(self, account: Account) -> None:
        """Keep the account."""
        ...

    def keep(self, record: JobRecord) -> JobRecord:
        """Keep what a run has come to."""
        ...

    def remove(self) -> None:
        """The job is gone."""
        ...


class InState:
    """Pulumi writes the outputs when the run is over. Who dies before finds its shards by their tokens."""

    def __init__(self) -> None:
        self.leased: Callable[[], Mapping[str, float]] = immutabledict
        self.gang: Callable[[], Any] = lambda: None

    def load(self, mine: JobRecord | None) -> JobRecord | None:
        """See `Keeping`."""
        return mine

    def begin(self, record: JobRecord) -> None:
        """See `Keeping`."""

    def store(self, account: Account) -> None:
        """See `Keeping`."""

    def keep(self, record: JobRecord) -> JobRecord:
        """See `Keeping`."""
        return replace(record, leased=self.leased())

    def remove(self) -> None:
        """See `Keeping`."""


def hub_of(props: Props) -> tuple[Connection, str] | None:
    """The hub of a `Dispatch`'s fleet, and the namespace there; None where it has none."""
    if props.get("hub") is None:
        return None
    mistakes: list[Mistake] = []
    spec = read(AccessSpec, props["hub"], "fleet.hub", Spelling.PYTHON, mistakes)
    access = access_of(spec, "fleet.hub", mistakes) if spec is not None else None
    if access is None or mistakes:
        raise MistakesError(mistakes)
    settings = identity_settings(props)
    connection: Connection = _session.connection_to(HUB, access)
    return connection, settings.namespace if settings is not None else HOME


def way_out(error: MemberError) -> str:
    """What to do where the hub has refused something, or did not answer."""
    if isinstance(error, ApiError) and error.status == 403:
        return "Have an admin of the hub apply `HubAccounts`, then run `pulumi up` again"
    return "Run `pulumi up` again"


def at_work(props: Props) -> AbstractContextManager[Keeping]:
    """Entering raises Held where another process works on the job."""
    if (hub := hub_of(props)) is None:
        return nullcontext(InState())
    connection, namespace = hub
    return HubWork(connection, namespace, props["plan"]["uid"])


def latest(mine: JobRecord, props: Props) -> JobRecord:
    """With what the hub knows, for whoever only looks. Raises MemberError."""
    there = _on_hub(props)
    return mine if there is None else united(mine, there)


def is_kept(props: Props) -> bool:
    """Whether the hub has anything of it. Raises MemberError."""
    return _on_hub(props) is not None


def _on_hub(props: Props) -> JobRecord | None:
    if (hub := hub_of(props)) is None:
        return None
    connection, namespace = hub
    return HubAccount(connection, namespace, props["plan"]["uid"], "").read()
