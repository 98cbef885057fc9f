"""One member and everybody who acts there."""

import threading

from kubefleet.federation.grants import Grants
from kubefleet.federation.modes import Mode
from kubefleet.federation.role import READER, RIGHTS, Role
from kubefleet.identity.federation import Federation
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError, NoAccount
from kubefleet.kube.patience import Impatient
from kubefleet.kube.reviews import may, user_of


class FederatedMember:
    """`declared` is the member as the program reaches it, which is used for nothing but what `mode` needs of it. Each
    role has one connection, and so one token at a time, whoever asks for it.
    """

    def __init__(self, name: str, declared: Connection, mode: Mode, *, joins: bool = False) -> None:
        """`joins`: the program itself has the member trust the fleet's identities, by the declared access."""
        self.joins = joins
        self.name = name
        self.declared = declared
        self.mode = mode
        self._lock = threading.Lock()
        self._acting: dict[Role, Connection] = {}
        self._retired: set[Role] = set()
        self._joined = not joins

    def acting_as(self, role: Role) -> Connection:
        """The member under a role. Nothing is asked before the first request."""
        with self._lock:
            if role not in self._acting:
                self._acting[role] = self.declared.acting_with(self.mode.source(self.name, role))
            return self._acting[role]

    def provide(self, role: Role) -> None:
        """Make sure that the role's account is there. Where it has a token it is, and nothing is written. That an agent
        may act as the role proves nothing: a member lets pass for some seconds what was taken back.

        Raises as `Connection` does.
        """
        with self._lock:
            retired = role in self._retired
        acting = self.acting_as(role)
        try:
            known = not (retired or self.mode.impersonates) and bool(acting.transport.source.current(acting.patience))
        except (ValueError, Impatient):
            known = False
        if not known:
            self.mode.provide(self.name, role)
            with self._lock:
                self._retired.discard(role)

    def retire(self, role: Role) -> None:
        """The role has no more to do here. Raises as `Connection` does."""
        self.mode.retire(self.name, role)
        with self._lock:
            # A token of it may still be in memory, and proves nothing any more.
            self._retired.add(role)

    def reader(self) -> Connection:
        """Under which snapshots are taken."""
        return self.acting_as(READER)

    def look(self) -> Connection:
        """As `reader`; before a member that joins has done so there is none: then, and only then, by the declared
        access, which is an admin's for the join anyway. Raises as `Connection` does.
        """
        # Who has joined stays so while the program runs: that is asked once.
        self._joined = self._joined or self._knows_reader()
        return self.reader() if self._joined else self.declared

    def _knows_reader(self) -> bool:
        try:
            user_of(self.reader())
        except NoAccount:
            return False
        except ApiError as error:
            if error.status != 401:
                raise
            return False
        # An admin who joins a member as its agent may act as anybody, so as a reader too that has no rights yet.
        return not self.mode.impersonates or may(self.reader(), "list", "", "nodes", "", "")

    def grants_of(self, role: Role) -> Grants:
        """The rights of a placement there."""
        return Grants(self.acting_as(RIGHTS), self.acting_as(role), self.mode.user(role), federation_in(self.mode))


def federation_in(mode: Mode, agent: str = "", *, legacy: bool = False) -> Federation:
    """The users of a mode as a member's policies name them."""
    return Federation(mode.prefix, mode.user(RIGHTS), mode.user(READER), agent, legacy)
