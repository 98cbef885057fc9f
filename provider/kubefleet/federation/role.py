"""Roles: who acts at a member. Each has a service account of its own, on the hub or on the member."""

import re
from dataclasses import dataclass
from typing import Any, Final

_ACCOUNT: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LONGEST: Final = 63


@dataclass(frozen=True, slots=True)
class Role:
    """`account` is the name of its service account; `words` say in messages who that is. Raises ValueError where an
    account cannot have the name.
    """

    account: str
    words: str

    def __post_init__(self) -> None:
        if not _ACCOUNT.fullmatch(self.account) or len(self.account) > _LONGEST:
            raise ValueError(f"bad account `{self.account}` (expected a DNS label)")


def account_in(namespace: str, role: Role) -> dict[str, Any]:
    """The manifest of the role's service account."""
    metadata = {"name": role.account, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}


READER: Final = Role("fleet-reader", "the reader")
"""Reads what a snapshot needs, and nothing else."""
RIGHTS: Final = Role("fleet-rbac", "the one that hands out rights")
"""Writes the roles of placements, and nothing else."""


def placement_role(uid: str, name: str) -> Role:
    """Who applies the objects of one placement. The account goes by its uid (16 hex digits), which stays the same."""
    return Role(f"fleet-{uid}", f"placement `{name}`")


def job_role(uid: str, name: str) -> Role:
    """Who dispatches one job, likewise."""
    return Role(f"fleet-{uid}", f"job `{name}`")
