"""`impersonation`: an agent that may impersonate the fleet's users, and nobody else (KEP-5284).

The member's audit log shows the agent, whom it impersonates, and who runs the command.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from kubefleet.federation.denied import Denied
from kubefleet.federation.grants import NotGranted
from kubefleet.federation.handing_over import hand_over, take_back, with_agent
from kubefleet.federation.impersonation_refused import explain_impersonation
from kubefleet.federation.modes.oidc import PREFIX
from kubefleet.federation.modes.protocol import Ground
from kubefleet.federation.role import READER, RIGHTS, Role
from kubefleet.identity.agent import OPERATOR
from kubefleet.identity.federation import Federation
from kubefleet.kube.connection import Connection
from kubefleet.kube.credential import Credential, CredentialSource, Fixed, NobodyThere
from kubefleet.kube.errors import ApiError, Unreachable
from kubefleet.kube.patience import Patience
from kubefleet.kube.reviews import user_of

_AGREES_WITHIN: Final = 30.0
_PAUSE: Final = 0.05


class Impersonation:
    """The declared access is the agent's; every request of a role says whom it acts for."""

    name = "impersonation"
    grants = True
    accounts: tuple[Role, ...] = ()
    accounts_on_members = False
    trusts_issuer = False
    timed = False
    impersonates = True

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.prefix = f"{PREFIX}{ground.namespace}:fleet-"
        self._lock = threading.Lock()
        self._acting: dict[tuple[str, Role], _Acting] = {}
        self._agents: dict[str, Federation] = {}
        self._users = Federation(self.prefix, self.user(RIGHTS), self.user(READER))

    def user(self, role: Role) -> str:
        """See `Mode`."""
        return f"{PREFIX}{self._ground.namespace}:{role.account}"

    def provide(self, member: str, role: Role) -> None:
        """See `Mode`: the agent may act as it. Waits until the member has heard of that."""
        # Whether it may is no answer: what was taken back a moment ago the member may still let pass.
        with _told(member):
            hand_over(self._rights(member), self.user(role), self._at(member))
        until = time.monotonic() + _AGREES_WITHIN
        while why := self._source(member, role).refusal():
            if time.monotonic() >= until:
                raise Denied(member, why)
            self._ground.member(member).patience.sleep(_PAUSE)

    def retire(self, member: str, role: Role) -> None:
        """See `Mode`: the agent may act as it no more; the member may not have heard of that for 10 s."""
        with _told(member):
            take_back(self._rights(member), self.user(role), self._users)
        self._source(member, role).ask_again()

    def forget(self, role: Role) -> None:
        """Nothing of it is anywhere."""

    def source(self, member: str, role: Role) -> CredentialSource:
        """See `Mode`."""
        return self._source(member, role)

    def _source(self, member: str, role: Role) -> "_Acting":
        with self._lock:
            if (member, role) not in self._acting:
                headers = [("Impersonate-User", _sent(self.user(role)))]
                if self._ground.operator:
                    extra = f"Impersonate-Extra-{quote(OPERATOR, safe='')}"
                    headers.append((extra, _sent(self._ground.operator)))
                self._acting[member, role] = _Acting(self._ground.member(member), role, tuple(headers))
            return self._acting[member, role]

    def _rights(self, member: str) -> Connection:
        return self._source(member, RIGHTS).connection

    def _at(self, member: str) -> Federation:
        """With its agent, for whom and for whose way to act a member is asked once."""
        with self._lock:
            known = self._agents.get(member)
        if known is None:
            known = with_agent(self._rights(member), user_of(self._ground.member(member)), self._users)
            with self._lock:
                self._agents[member] = known
        return known


class _Acting:
    """The agent's credential with the headers that name another user, once the member has let it act so.

    That is asked once: a refusal is then one of the identity, as where no token is to be had, and none of a request.
    """

    def __init__(self, agent: Connection, role: Role, headers: tuple[tuple[str, str], ...]) -> None:
        self._agent, self._role, self._headers = agent, role, headers
        self.connection = agent.acting_with(self)
        self._lock = threading.Lock()
        self._let = False

    def current(self, patience: Patience, *, fresh: bool = False) -> Credential:
        """See `CredentialSource`."""
        credential = self._credential(patience, fresh=fresh)
        with self._lock:
            if not self._let:
                self._ask(credential)
        return credential

    def refusal(self) -> str:
        """Why the agent may not act so now: one line, empty where it may."""
        try:
            self.current(self._agent.patience)
        except ValueError as error:
            return str(error)
        return ""

    def ask_again(self) -> None:
        """It may not be let act so any more."""
        with self._lock:
            self._let = False

    def _credential(self, patience: Patience, *, fresh: bool) -> Credential:
        own = self._agent.transport.source.current(patience, fresh=fresh)
        return replace(own, headers=(*own.headers, *self._headers))

    def _ask(self, credential: Credential) -> None:
        """Raises NobodyThere where the member does not let it act so, ValueError where it is silent."""
        try:
            user_of(self._agent.acting_with(Fixed(credential)))
        except Unreachable as error:
            raise ValueError(error.why) from None
        except ApiError as error:
            if why := explain_impersonation(error, self._role):
                raise NobodyThere(why) from None
            return  # what the request itself will meet
        self._let = True


@contextmanager
def _told(member: str) -> Iterator[None]:
    try:
        yield
    except NotGranted as error:
        raise Denied(member, str(error)) from error


def _sent(name: str) -> str:
    """As HTTP sends text: Kubernetes reads its bytes as UTF-8."""
    return name.encode().decode("latin-1")
