"""One member and everybody who acts there."""

import threading

from kubefleet.federation.grants import Grants
from kubefleet.federation.modes import Mode
from kubefleet.federation.role import READER, RIGHTS, Role
from kubefleet.identity.federation import Federation
from kubefleet.kube.connection import Connection


class FederatedMember:
    """`declared` is the member as the program reaches it, which is used for nothing but what `mode` needs of it. Each
    role has one connection, and so one token at a time, whoever asks for it.
    """

    def __init__(self, name: str, declared: Connection, mode: Mode) -> None:
        self.name = name
        self.declared = declared
        self.mode = mode
        self._lock = threading.Lock()
        self._acting: dict[Role, Connection] = {}

    def acting_as(self, role: Role) -> Connection:
        """The member under a role. Nothing is asked before the first request."""
        with self._lock:
            if role not in self._acting:
                self._acting[role] = self.declared.acting_with(self.mode.source(self.name, role))
            return self._acting[role]

    def reader(self) -> Connection:
        """Under which snapshots are taken."""
        return self.acting_as(READER)

    def grants_of(self, role: Role) -> Grants:
        """The rights of a placement there."""
        return Grants(self.acting_as(RIGHTS), self.acting_as(role), self.mode.user(role), federation_in(self.mode))


def federation_in(mode: Mode) -> Federation:
    """The users of a mode as a member's policies name them."""
    return Federation(mode.prefix, mode.user(RIGHTS), mode.user(READER))
