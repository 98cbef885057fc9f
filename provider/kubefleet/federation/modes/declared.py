"""`exec` and `cluster-profile`: the identity is whatever the declared access yields, the same for all roles."""

from kubefleet.federation.modes.protocol import Ground
from kubefleet.federation.role import Role
from kubefleet.kube.credential import CredentialSource


class Declared:
    """Somebody else's plugin says who acts: whom the member knows is only told by the member itself."""

    name = "exec"
    grants = False
    accounts: tuple[Role, ...] = ()
    impersonates = False
    accounts_on_members = False
    trusts_issuer = False
    timed = False

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.prefix = ""

    def user(self, role: Role) -> str:  # noqa: ARG002 - the Protocol's
        """Not known before the member is asked."""
        return ""

    def provide(self, member: str, role: Role) -> None:
        """Not the fleet's to do."""

    def retire(self, member: str, role: Role) -> None:
        """Nothing of it is there."""

    def forget(self, role: Role) -> None:
        """Nothing of it is anywhere."""

    def source(self, member: str, role: Role) -> CredentialSource:  # noqa: ARG002 - the Protocol's
        """See `Mode`."""
        return self._ground.member(member).transport.source
