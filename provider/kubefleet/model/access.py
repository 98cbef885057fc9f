"""How a member cluster is reached: never a secret, so that it can stand in state."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kubeconfig:
    """A context of a kubeconfig file. An empty path means kubectl's own rules (`KUBECONFIG`, then `~/.kube/config`)."""

    context: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class ExecCredential:
    """A server, its CA (PEM) and the exec plugin (`client.authentication.k8s.io/v1`) that yields a credential."""

    server: str
    ca: str
    command: str
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ClusterProfile:
    """A ClusterProfile on a hub: it says where the server is, by one of its access providers; the exec plugin yields
    the credential.
    """

    name: str
    namespace: str
    provider: str
    hub: Kubeconfig | ExecCredential
    command: str
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()


Access = Kubeconfig | ExecCredential | ClusterProfile
