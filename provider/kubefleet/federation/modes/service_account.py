"""`service-account-token`: the member's own service accounts, whose tokens the declared access may request."""

from kubefleet.federation.modes.protocol import Ground, make_account, remove_account
from kubefleet.federation.role import READER, RIGHTS, Role
from kubefleet.federation.token_request import request_token
from kubefleet.kube.credential import Credential, CredentialSource, Kept


class ServiceAccountToken:
    """Works everywhere, without a hub. What the program declares of the member is used for nothing but tokens."""

    name = "service-account-token"
    grants = True
    accounts: tuple[Role, ...] = (READER, RIGHTS)
    impersonates = False
    accounts_on_members = True
    trusts_issuer = False
    timed = True

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.prefix = f"system:serviceaccount:{ground.namespace}:fleet-"

    def user(self, role: Role) -> str:
        """See `Mode`."""
        return f"system:serviceaccount:{self._ground.namespace}:{role.account}"

    def provide(self, member: str, role: Role) -> None:
        """See `Mode`. Whoever may request tokens in that namespace is trusted with all its accounts."""
        make_account(self._ground.member(member), self._ground.namespace, role)

    def retire(self, member: str, role: Role) -> None:
        """See `Mode`."""
        remove_account(self._ground.member(member), self._ground.namespace, role)

    def forget(self, role: Role) -> None:
        """Each member has had its own."""

    def source(self, member: str, role: Role) -> CredentialSource:
        """See `Mode`."""
        ground = self._ground

        def make(_: object) -> Credential:
            return request_token(ground.member(member), ground.namespace, role, (), ground.seconds).credential()

        return Kept(make)
