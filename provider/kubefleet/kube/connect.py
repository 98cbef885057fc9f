"""From what a program says about a member to a connection."""

from collections.abc import Callable

from kubefleet.kube.cluster_profile import read_cluster_profile
from kubefleet.kube.connection import Connection
from kubefleet.kube.credential import Credential, CredentialSource
from kubefleet.kube.endpoint import Endpoint, make_endpoint
from kubefleet.kube.errors import MemberError, NoAccess
from kubefleet.kube.exec_plugin import ExecPlugin, exec_source
from kubefleet.kube.given_properties import read_profile
from kubefleet.kube.kubeconfig import read_kubeconfig
from kubefleet.kube.patience import Patience, never
from kubefleet.kube.transport import Transport
from kubefleet.model.access import Access, ClusterProfile, ExecCredential, Kubeconfig


def connect(
    name: str, access: Access, *, answer_within: float = 15, cancelled: Callable[[], bool] = never
) -> Connection:
    """A connection to the member `name`. Nothing is sent to it and no plugin runs before the first request; where the
    access is a ClusterProfile, that is read from its hub.

    A server that says nothing for `answer_within` seconds is unreachable; `cancelled` is asked about five times a
    second during every wait. Raises NoAccess when `access` leads nowhere.
    """
    patience = Patience(answer_within, cancelled=cancelled)
    try:
        endpoint, source = _by_profile(access, patience) if isinstance(access, ClusterProfile) else _resolve(access)
    except ValueError as error:
        raise NoAccess(name, str(error)) from error
    return Connection(name, Transport(name, endpoint, source), patience)


def _by_profile(access: ClusterProfile, patience: Patience) -> tuple[Endpoint, CredentialSource]:
    """The one access for which somebody is asked: the hub. Raises ValueError."""
    hub = Connection("hub", Transport("hub", *_resolve(access.hub)), patience)
    try:
        profile = read_profile(hub, access.namespace, access.name)
    except MemberError as error:
        raise ValueError(f"ClusterProfile `{access.namespace}/{access.name}` is not read: {error}") from error
    finally:
        hub.close()
    return read_cluster_profile(access, profile)


def _resolve(access: Kubeconfig | ExecCredential) -> tuple[Endpoint, CredentialSource]:
    if isinstance(access, Kubeconfig):
        return read_kubeconfig(access)
    plugin = ExecPlugin(access.command, access.args, access.env)
    return make_endpoint(access.server, ca=access.ca), exec_source(plugin, Credential())
