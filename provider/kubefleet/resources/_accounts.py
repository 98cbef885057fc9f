"""Service accounts on the hub: those of a fleet as a whole. Each placement's is made when it first acts."""

from collections.abc import Collection, Iterator
from typing import Any, Final

from kubefleet.federation.modes import MODES
from kubefleet.federation.modes.protocol import remove_account
from kubefleet.federation.role import READER, RIGHTS, Role, account_in
from kubefleet.kube import ApiError, Connection, MemberError
from kubefleet.kube.hub import HUB
from kubefleet.resources import _session
from kubefleet.resources._adapter import Props
from kubefleet.resources._federation import identity_settings

BEFORE: Final = (READER.account, RIGHTS.account)
"""The accounts that were made for every fleet, before a state said which."""


def keep_accounts(news: Props) -> Iterator[str]:
    """Have the accounts there that the mode has on a hub; gives the names of those that were not. Where an admin of the
    hub has made them, the right to make accounts is enough, and nothing is written. Raises MemberError.
    """
    hub, namespace, roles = _hub(news)
    for role in roles:
        try:
            made = _made(hub, namespace, role)
        except ApiError as error:
            if error.status != 403:
                raise
            way_out = "Have an admin of the hub apply `HubAccounts`"
            raise MemberError(HUB, f"may not make `{namespace}/{role.account}`: {error.message}. {way_out}") from error
        if made:
            yield role.account


def remove_accounts(props: Props, made: Collection[str]) -> None:
    """Remove those of these names; the namespace stays. Raises MemberError."""
    hub, namespace, roles = _hub(props)
    for role in roles:
        if role.account in made:
            remove_account(hub, namespace, role)


def _made(hub: Connection, namespace: str, role: Role) -> bool:
    """Whether there was none before. Nobody looks first: operators may make accounts there, and read none."""
    accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    try:
        return _posted(hub, accounts, account_in(namespace, role))
    except ApiError as error:
        if error.status != 404:
            raise
    _posted(hub, "/api/v1/namespaces", {"metadata": {"name": namespace}})
    return _posted(hub, accounts, account_in(namespace, role))


def _posted(hub: Connection, path: str, body: dict[str, Any]) -> bool:
    try:
        hub.post(path, body)
    except ApiError as error:
        if error.reason != "AlreadyExists":
            raise
        return False
    return True


def _hub(props: Props) -> tuple[Connection, str, tuple[Role, ...]]:
    settings = identity_settings(props)
    if settings is None or settings.hub is None:
        raise MemberError(HUB, "the fleet has none")
    connection: Connection = _session.connection_to(HUB, settings.hub)
    return connection, settings.namespace, MODES[settings.mode].accounts
