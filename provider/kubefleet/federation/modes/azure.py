"""`azure`: Entra tokens for AKS by workload identity federation. A token of the hub is the client's assertion, so no
secret is anywhere. Needs the extra `azure`.

Where Entra is (a national cloud) is the program's `authority`, else `AZURE_AUTHORITY_HOST`; an authority of one's own
that its certificate is from (a proxy's) is in `REQUESTS_CA_BUNDLE`: both as for every other tool of Azure's.
"""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from kubefleet.federation.entra import explain_entra
from kubefleet.federation.modes.protocol import Ground, needed_hub
from kubefleet.federation.role import Role
from kubefleet.federation.token import Token, read_token
from kubefleet.federation.token_request import hub_token
from kubefleet.identity.settings import EntraApp
from kubefleet.kube.credential import CredentialSource, Kept, NoToken

if TYPE_CHECKING:
    from azure.identity import ClientAssertionCredential

ASSERTION_AUDIENCE: Final = "api://AzureADTokenExchange"
"""The audience that Entra expects of a federated credential's assertion."""
FLEET: Final = Role("fleet-entra", "the fleet")
"""Whose account on the hub is the subject of the application's federated credential. One for all roles: members take
them all for the one service principal, an application may have 20 federated credentials, and those of placements would
have to be there before anybody knows these.
"""

# What Entra refuses is in the error that we raise; without a handler Python prints the library's warning as well.
logging.getLogger("azure").addHandler(logging.NullHandler())


class Azure:
    """Members know the Entra application's service principal: the same for all members that trust its tenant."""

    name = "azure"
    grants = False
    accounts: tuple[Role, ...] = (FLEET,)
    impersonates = False
    accounts_on_members = False
    trusts_issuer = False
    timed = False

    def __init__(self, ground: Ground) -> None:
        if ground.entra is None:
            raise ValueError(f"mode `{self.name}` without `tenant_id` and `client_id` (expected both)")
        self._ground, self._hub, self._app = ground, needed_hub(ground, self.name), ground.entra
        self.prefix = ""
        self._kept = Kept(lambda _: self._token().credential())

    def user(self, role: Role) -> str:  # noqa: ARG002 - the Protocol's
        """AKS knows it by the object id of its service principal, which only Entra can tell."""
        return self._app.object_id

    def provide(self, member: str, role: Role) -> None:
        """The one account is the join's."""

    def retire(self, member: str, role: Role) -> None:
        """The one account is everybody's."""

    def forget(self, role: Role) -> None:
        """The one account is everybody's."""

    def source(self, member: str, role: Role) -> CredentialSource:  # noqa: ARG002 - the Protocol's
        """See `Mode`. All members and roles have the one token."""
        return self._kept

    def _token(self) -> Token:
        """A new one, whatever Entra's library would remember: whoever asks has none that is good."""
        client = _client(self._app, self._assertion)
        from azure.core.exceptions import AzureError

        try:
            return read_token(client.get_token(self._app.scope).token)
        except AzureError as error:
            raise NoToken(explain_entra(str(error), FLEET)) from None

    def _assertion(self) -> str:
        """One POST to Entra is made with it, none for finding out where."""
        ground = self._ground
        return hub_token(self._hub, ground.namespace, FLEET, ASSERTION_AUDIENCE, ground.seconds).value


def _client(app: EntraApp, assertion: Callable[[], str]) -> "ClientAssertionCredential":
    try:
        from azure.identity import ClientAssertionCredential
    except ImportError:
        raise NoToken("mode `azure` needs azure-identity. Install `pulumi-kubefleet[azure]`") from None
    where: dict[str, Any] = {"authority": app.authority} if app.authority else {}
    return ClientAssertionCredential(app.tenant_id, app.client_id, assertion, disable_instance_discovery=True, **where)
