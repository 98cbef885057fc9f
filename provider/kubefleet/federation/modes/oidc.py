"""`oidc`: members trust the hub's issuer of service accounts (`AuthenticationConfiguration`, KEP-3331)."""

from kubefleet.federation.modes.protocol import Ground, make_account, needed_hub, remove_account
from kubefleet.federation.role import READER, RIGHTS, Role
from kubefleet.federation.token_request import hub_token
from kubefleet.kube.credential import Credential, CredentialSource, Kept

PREFIX = "fleet:"
"""Members put it before the subject, so that nobody of the hub is anybody of the member."""


class Oidc:
    """A token of the hub for one member: its audience names the member, which accepts no other."""

    name = "oidc"
    grants = True
    accounts: tuple[Role, ...] = (READER, RIGHTS)
    impersonates = False
    accounts_on_members = False
    trusts_issuer = True
    timed = True

    def __init__(self, ground: Ground) -> None:
        self._ground, self._hub = ground, needed_hub(ground, self.name)
        self.prefix = f"{PREFIX}system:serviceaccount:{ground.namespace}:fleet-"

    def user(self, role: Role) -> str:
        """See `Mode`."""
        return f"{PREFIX}system:serviceaccount:{self._ground.namespace}:{role.account}"

    def provide(self, member: str, role: Role) -> None:  # noqa: ARG002 - the Protocol's
        """See `Mode`: one on the hub, for all members."""
        make_account(self._hub, self._ground.namespace, role)

    def retire(self, member: str, role: Role) -> None:
        """Other members may still know it."""

    def forget(self, role: Role) -> None:
        """See `Mode`."""
        remove_account(self._hub, self._ground.namespace, role)

    def source(self, member: str, role: Role) -> CredentialSource:
        """See `Mode`."""
        ground = self._ground

        def make(_: object) -> Credential:
            audience = audience_of(ground.uid_of(member))
            return hub_token(self._hub, ground.namespace, role, audience, ground.seconds).credential()

        return Kept(make)


def audience_of(uid: str) -> str:
    """The audience of tokens for the member with this uid."""
    return f"fleet:{uid}"
