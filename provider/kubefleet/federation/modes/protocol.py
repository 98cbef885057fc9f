"""What a mode of federation is. A new one is a class in a file of its own and a row in this folder's table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from kubefleet.federation.role import Role
from kubefleet.identity.needs import HOME
from kubefleet.identity.settings import LIFE, EntraApp
from kubefleet.kube.connection import Connection
from kubefleet.kube.credential import CredentialSource
from kubefleet.kube.errors import ApiError

NAMESPACE: Final = HOME
"""Where accounts are unless the program says otherwise."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What modes work with.

    `member` opens a connection to a member by what the program declares of it; `uid_of` gives the uid of the member's
    kube-system namespace; `operator` is the user at the hub who runs the command. `namespace` is where the accounts
    are, `seconds` how long a token lives. Without a `hub` only the modes that need none work.
    """

    member: Callable[[str], Connection]
    uid_of: Callable[[str], str]
    hub: Connection | None = None
    namespace: str = NAMESPACE
    seconds: int = LIFE
    operator: str = ""
    entra: EntraApp | None = None


class Mode(Protocol):
    """Where a member's trust in the fleet's roles comes from. `prefix` is how the users of placements begin."""

    name: str
    prefix: str
    grants: bool
    """Whether the fleet hands out the rights of placements. Where not, an admin of the member does."""
    accounts: tuple[Role, ...]
    """Whose accounts are made by a join: those of placements are made when these first act."""
    accounts_on_members: bool
    """Whether accounts are on each member; else they are on the hub."""
    trusts_issuer: bool
    """Whether a member has to be told to trust the hub's issuer."""
    timed: bool
    """Whether its tokens live as long as the program says."""
    impersonates: bool
    """Whether roles have no credentials of their own: the declared access is an agent's, who acts as them."""

    def __init__(self, ground: Ground) -> None:
        """Raises ValueError where the ground lacks what the mode needs."""
        ...

    def user(self, role: Role) -> str:
        """The user that the members' RBAC and audit logs know the role by."""
        ...

    def provide(self, member: str, role: Role) -> None:
        """Make sure that the role's account is there, where that is the fleet's to do. Raises as `Connection` does."""
        ...

    def retire(self, member: str, role: Role) -> None:
        """The role has no more to do at a member. Raises as `Connection` does."""
        ...

    def forget(self, role: Role) -> None:
        """The role has no more to do at any member. Raises as `Connection` does."""
        ...

    def source(self, member: str, role: Role) -> CredentialSource:
        """What a request of the role shows at a member. Nothing is asked before the first request; one source asks once
        at a time, whoever waits for it.
        """
        ...


def needed_hub(ground: Ground, mode: str) -> Connection:
    """The hub. Raises ValueError where there is none."""
    if ground.hub is None:
        raise ValueError(f"mode `{mode}` without a hub (expected `hub` of the fleet)")
    return ground.hub


def make_account(connection: Connection, namespace: str, role: Role) -> None:
    """Have the account of a role there."""
    try:
        connection.post(f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": role.account}})
    except ApiError as error:
        if error.reason != "AlreadyExists":
            raise


def remove_account(connection: Connection, namespace: str, role: Role) -> None:
    """Have it no more. Whoever may make accounts but not remove them leaves it, which is no harm: it has no rights."""
    try:
        connection.delete(f"/api/v1/namespaces/{namespace}/serviceaccounts/{role.account}")
    except ApiError as error:
        if error.status not in (403, 404):
            raise
