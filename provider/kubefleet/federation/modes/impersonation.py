"""`impersonation`: an agent that may impersonate the fleet's users, and nobody else (KEP-5284).

The member's audit log shows the agent, whom it impersonates, and who runs the command.
"""

from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote

from kubefleet.federation.modes.oidc import PREFIX
from kubefleet.federation.modes.protocol import Ground
from kubefleet.federation.role import Role
from kubefleet.kube.credential import Credential, CredentialSource
from kubefleet.kube.patience import Patience

OPERATOR: Final = "kubefleet.io/operator"
"""The extra of the impersonated user that names who runs the command."""


class Impersonation:
    """The declared access is the agent's; every request of a role says whom it acts for."""

    name = "impersonation"
    grants = True
    accounts: tuple[Role, ...] = ()
    accounts_on_members = False
    trusts_issuer = False
    timed = False

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.prefix = f"{PREFIX}{ground.namespace}:fleet-"

    def user(self, role: Role) -> str:
        """See `Mode`."""
        return f"{PREFIX}{self._ground.namespace}:{role.account}"

    def provide(self, member: str, role: Role) -> None:
        """Not the fleet's to do."""

    def retire(self, member: str, role: Role) -> None:
        """Nothing of it is there."""

    def forget(self, role: Role) -> None:
        """Nothing of it is anywhere."""

    def source(self, member: str, role: Role) -> CredentialSource:
        """See `Mode`."""
        headers = [("Impersonate-User", self.user(role))]
        if self._ground.operator:
            headers.append((f"Impersonate-Extra-{quote(OPERATOR, safe='')}", self._ground.operator))
        return _Acting(self._ground.member(member).transport.source, tuple(headers))


@dataclass(frozen=True, slots=True)
class _Acting:
    """The agent's credential with the headers that name another user."""

    agent: CredentialSource
    headers: tuple[tuple[str, str], ...]

    def current(self, patience: Patience, *, fresh: bool = False) -> Credential:
        """See `CredentialSource`."""
        own = self.agent.current(patience, fresh=fresh)
        return replace(own, headers=(*own.headers, *self.headers))
