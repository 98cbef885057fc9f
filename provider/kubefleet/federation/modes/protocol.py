"""What a mode of federation is. A new one is a class in a file of its own and a row in this folder's table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from kubefleet.federation.role import Role
from kubefleet.kube.connection import Connection
from kubefleet.kube.credential import CredentialSource

LIFE: Final = 900
"""Seconds that a token lives unless the program says otherwise."""
NAMESPACE: Final = "pulumi-kubefleet"
"""Where accounts are unless the program says otherwise."""


@dataclass(frozen=True, slots=True)
class EntraApp:
    """An application of Entra. `scope` is that of the clusters' server application, `object_id` the id of the service
    principal by which members know it; `ca` is the file of an authority of one's own, for another `authority`.
    """

    tenant_id: str
    client_id: str
    object_id: str = ""
    scope: str = "6dae42f8-4368-4678-94ff-3960e28e3630/.default"
    authority: str = "login.microsoftonline.com"
    ca: str = ""


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

    def __init__(self, ground: Ground) -> None:
        """Raises ValueError where the ground lacks what the mode needs."""
        ...

    def user(self, role: Role) -> str:
        """The user that the members' RBAC and audit logs know the role by."""
        ...

    def provide(self, member: str, role: Role) -> None:
        """Make sure that the role's account is there, where that is the fleet's to do. Raises as `Connection` does."""
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
