"""Who is who in one member: the names under which it knows the identities of a fleet."""

from dataclasses import dataclass
from typing import Final

ROLE_PREFIX: Final = "fleet:"
"""Of every role and binding that is made for a placement. Those of the tiers themselves are never called so."""
AGENT_PREFIX: Final = f"{ROLE_PREFIX}agent:"
"""Of every role by which the agent may act as one placement, and of its binding."""


@dataclass(frozen=True, slots=True)
class Federation:
    """Usernames as the member's API server sees them.

    `prefix` is that of all placements' (`fleet:system:serviceaccount:fleet:`), `rbac_user` (T1) writes their rights,
    `reader_user` takes snapshots; these two may start with the prefix too. Where all of these have no credentials of
    their own, `agent` is the user who acts as them; else it is empty. With `legacy` the member knows no constrained
    impersonation (KEP-5284), so that the agent may do as them whatever they may.
    """

    prefix: str
    rbac_user: str
    reader_user: str
    agent: str = ""
    legacy: bool = False

    @property
    def role_prefix(self) -> str:
        """What stands before a username in the name of its role: nothing where it starts with `fleet:` already."""
        return "" if self.prefix.startswith(ROLE_PREFIX) else ROLE_PREFIX

    def role_of(self, user: str) -> str:
        """The name of a placement's Roles, of its ClusterRole and of their bindings: one user, one name, so that a
        policy can tell from either whose the other is.
        """
        return self.role_prefix + user

    def agent_role_of(self, user: str) -> str:
        """The name of the ClusterRole, and of its binding, by which the agent may act as a placement."""
        return AGENT_PREFIX + user

    @property
    def own_users(self) -> tuple[str, ...]:
        """Those of the fleet as a whole: none is a placement's, however it is called."""
        return (self.rbac_user, self.reader_user, *((self.agent,) if self.agent else ()))
