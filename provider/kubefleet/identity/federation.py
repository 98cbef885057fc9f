"""Who is who in one member: the names under which it knows the identities of a fleet."""

from dataclasses import dataclass
from typing import Final

ROLE_PREFIX: Final = "fleet:"
"""Of every role and binding that is made for a placement. Those of the tiers themselves are never called so."""


@dataclass(frozen=True, slots=True)
class Federation:
    """Usernames as the member's API server sees them.

    `prefix` is that of all placements' (`fleet:system:serviceaccount:fleet:`), `rbac_user` (T1) writes their rights,
    `reader_user` takes snapshots; these two may start with the prefix too.
    """

    prefix: str
    rbac_user: str
    reader_user: str

    @property
    def role_prefix(self) -> str:
        """What stands before a username in the name of its role: nothing where it starts with `fleet:` already."""
        return "" if self.prefix.startswith(ROLE_PREFIX) else ROLE_PREFIX

    def role_of(self, user: str) -> str:
        """The name of a placement's Roles, of its ClusterRole and of their bindings: one user, one name, so that a
        policy can tell from either whose the other is.
        """
        return self.role_prefix + user
