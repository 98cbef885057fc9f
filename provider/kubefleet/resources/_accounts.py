"""Service accounts on the hub: those of a fleet as a whole. Each placement's is made when it first acts."""

from typing import Final

from kubefleet.federation.role import READER, RIGHTS, account_in
from kubefleet.kube import Connection, MemberError
from kubefleet.kube.hub import HUB
from kubefleet.kube.object_access import apply_body, delete_if_there, find
from kubefleet.kube.object_ref import ref_of
from kubefleet.resources import _session
from kubefleet.resources._adapter import Props
from kubefleet.resources._federation import identity_settings

MANAGER: Final = "kubefleet-hub"
_ROLES: Final = (READER, RIGHTS)


def keep_accounts(news: Props) -> None:
    """Apply the accounts of the reader and of the one that hands out rights. Raises MemberError."""
    hub, namespace = _hub(news)
    home = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    if find(hub, ref_of(home)) is None:
        apply_body(hub, home, manager=MANAGER, force=False)
    for role in _ROLES:
        apply_body(hub, account_in(namespace, role), manager=MANAGER, force=True)


def remove_accounts(props: Props) -> None:
    """Remove them; the namespace stays. Raises MemberError."""
    hub, namespace = _hub(props)
    for role in _ROLES:
        delete_if_there(hub, ref_of(account_in(namespace, role)))


def _hub(props: Props) -> tuple[Connection, str]:
    settings = identity_settings(props)
    if settings is None or settings.hub is None:
        raise MemberError(HUB, "the fleet has none")
    connection: Connection = _session.connection_to(HUB, settings.hub)
    return connection, settings.namespace
