"""From what a program says about a member to a connection."""

from collections.abc import Callable

from kubefleet.kube.connection import Connection
from kubefleet.kube.credential import Credential, CredentialSource
from kubefleet.kube.endpoint import Endpoint, make_endpoint
from kubefleet.kube.errors import NoAccess
from kubefleet.kube.exec_plugin import ExecPlugin, exec_source
from kubefleet.kube.kubeconfig import read_kubeconfig
from kubefleet.kube.patience import Patience, never
from kubefleet.kube.transport import Transport
from kubefleet.model.access import Access, Kubeconfig


def connect(
    name: str, access: Access, *, answer_within: float = 15, cancelled: Callable[[], bool] = never
) -> Connection:
    """A connection to the member `name`. Nothing is sent and no plugin runs before the first request.

    A server that says nothing for `answer_within` seconds is unreachable; `cancelled` is asked about five times a
    second during every wait. Raises NoAccess when `access` leads nowhere.
    """
    try:
        endpoint, source = _resolve(access)
    except ValueError as error:
        raise NoAccess(name, str(error)) from error
    return Connection(name, Transport(name, endpoint, source), Patience(answer_within, cancelled=cancelled))


def _resolve(access: Access) -> tuple[Endpoint, CredentialSource]:
    if isinstance(access, Kubeconfig):
        return read_kubeconfig(access)
    plugin = ExecPlugin(access.command, access.args, access.env)
    return make_endpoint(access.server, ca=access.ca), exec_source(plugin, Credential())
