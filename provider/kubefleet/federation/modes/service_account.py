"""`service-account-token`: the member's own service accounts, whose tokens the declared access may request."""

from kubefleet.federation.modes.protocol import Ground
from kubefleet.federation.role import Role
from kubefleet.federation.token_request import request_token
from kubefleet.kube.credential import Credential, CredentialSource, Kept


class ServiceAccountToken:
    """Works everywhere, without a hub. What the program declares of the member is used for nothing but tokens."""

    name = "service-account-token"

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def user(self, role: Role) -> str:
        """See `Mode`."""
        return f"system:serviceaccount:{self._ground.namespace}:{role.account}"

    def source(self, member: str, role: Role) -> CredentialSource:
        """See `Mode`."""
        ground = self._ground

        def make(_: object) -> Credential:
            return request_token(ground.member(member), ground.namespace, role, (), ground.seconds).credential()

        return Kept(make)
