"""Acting as another user (`Impersonate-User`), for whoever may."""

from dataclasses import dataclass, replace

from kubefleet.kube.connection import Connection
from kubefleet.kube.credential import Credential, CredentialSource
from kubefleet.kube.patience import Patience


@dataclass(frozen=True, slots=True)
class Impersonating:
    """The credential of an agent, with headers that name whom it acts as."""

    agent: CredentialSource
    headers: tuple[tuple[str, str], ...]

    def current(self, patience: Patience, *, fresh: bool = False) -> Credential:
        """See `CredentialSource`."""
        own = self.agent.current(patience, fresh=fresh)
        return replace(own, headers=(*own.headers, *self.headers))


def as_user(connection: Connection, user: str) -> Connection:
    """The same server as another user sees it. Its requests raise ApiError 403 where that may not be."""
    return connection.acting_with(Impersonating(connection.transport.source, (("Impersonate-User", user),)))
