"""`azure`: Entra tokens for AKS by workload identity federation. A token of the hub is the client's assertion, so no
secret is anywhere. Needs the extra `azure`.
"""

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from kubefleet.federation.entra import explain_entra
from kubefleet.federation.modes.protocol import Ground, make_account, needed_hub, remove_account
from kubefleet.federation.role import Role
from kubefleet.federation.token import Token, read_token
from kubefleet.federation.token_request import hub_token
from kubefleet.identity.settings import EntraApp
from kubefleet.kube.credential import Credential, CredentialSource, Kept, NoToken

if TYPE_CHECKING:
    from azure.identity import ClientAssertionCredential

ASSERTION_AUDIENCE: Final = "api://AzureADTokenExchange"
"""The audience that Entra expects of a federated credential's assertion."""

# What Entra refuses is in the error that we raise; without a handler Python prints the library's warning as well.
logging.getLogger("azure").addHandler(logging.NullHandler())


class Azure:
    """Members know the Entra application's service principal: the same for all members that trust its tenant."""

    name = "azure"
    grants = False
    accounts_on_members = False

    def __init__(self, ground: Ground) -> None:
        if ground.entra is None:
            raise ValueError(f"mode `{self.name}` without `tenant_id` and `client_id` (expected both)")
        self._ground, self._hub, self._app = ground, needed_hub(ground, self.name), ground.entra
        self.prefix = ""
        self._lock = threading.Lock()
        self._clients: dict[Role, ClientAssertionCredential] = {}

    def user(self, role: Role) -> str:  # noqa: ARG002 - the Protocol's
        """AKS knows it by the object id of its service principal, which only Entra can tell."""
        return self._app.object_id

    def provide(self, member: str, role: Role) -> None:  # noqa: ARG002 - the Protocol's
        """See `Mode`: one on the hub, which a federated credential of the application has to name."""
        make_account(self._hub, self._ground.namespace, role)

    def retire(self, member: str, role: Role) -> None:
        """Other members may still know it."""

    def forget(self, role: Role) -> None:
        """See `Mode`."""
        remove_account(self._hub, self._ground.namespace, role)

    def source(self, member: str, role: Role) -> CredentialSource:  # noqa: ARG002 - the Protocol's
        """See `Mode`. Entra's library keeps tokens for all members of a role."""

        def make(_: object) -> Credential:
            return self._token(role).credential()

        return Kept(make)

    def _token(self, role: Role) -> Token:
        from azure.core.exceptions import AzureError

        with self._lock:
            if role not in self._clients:
                self._clients[role] = _client(self._app, lambda: self._assertion(role))
            client = self._clients[role]
            try:
                return read_token(client.get_token(self._app.scope).token)
            except AzureError as error:
                raise NoToken(explain_entra(str(error), role)) from None

    def _assertion(self, role: Role) -> str:
        """Asked for at each new token: one POST to Entra, none for finding out where."""
        return hub_token(self._hub, self._ground.namespace, role, ASSERTION_AUDIENCE, self._ground.seconds).value


def _client(app: EntraApp, assertion: Callable[[], str]) -> "ClientAssertionCredential":
    try:
        from azure.identity import ClientAssertionCredential
    except ImportError:
        raise ValueError("mode `azure` needs azure-identity. Install `pulumi-kubefleet[azure]`") from None
    more: dict[str, Any] = {"connection_verify": app.ca} if app.ca else {}
    return ClientAssertionCredential(
        app.tenant_id, app.client_id, assertion, authority=app.authority, disable_instance_discovery=True, **more
    )
