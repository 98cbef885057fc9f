"""Whether a member is asked to make an account: only where nobody has a token of it."""

import pytest

from kubefleet.federation.member import FederatedMember
from kubefleet.federation.role import Role, placement_role
from kubefleet.kube.connection import Connection
from kubefleet.kube.credential import Credential, CredentialSource, Kept
from kubefleet.kube.patience import Patience

pytestmark = pytest.mark.fast

WEB = placement_role("00000000000000aa", "web")


class Accounts:
    """A mode whose accounts are a set; `asked` has what was made, there or not."""

    name, prefix, grants, accounts_on_members = "accounts", "fleet-", True, True
    timed, impersonates = True, False

    def __init__(self, *there: Role) -> None:
        self.there, self.asked = {("eu-1", role) for role in there}, []

    def user(self, role: Role) -> str:
        return role.account

    def provide(self, member: str, role: Role) -> None:
        self.asked.append(role)
        self.there.add((member, role))

    def retire(self, member: str, role: Role) -> None:
        self.there.discard((member, role))

    def forget(self, role: Role) -> None:
        """Each member has had its own."""

    def source(self, member: str, role: Role) -> CredentialSource:
        def make(_: Patience) -> Credential:
            if (member, role) not in self.there:
                raise ValueError("no account")
            return Credential().with_token("x")

        return Kept(make)


def test_an_account_that_gives_tokens_is_not_made_again(connection: Connection) -> None:
    mode = Accounts(WEB)
    FederatedMember("eu-1", connection, mode).provide(WEB)
    assert mode.asked == []


def test_one_that_is_not_there_is_made_once_and_again_after_it_was_removed(connection: Connection) -> None:
    mode = Accounts()
    member = FederatedMember("eu-1", connection, mode)
    for _ in range(2):
        member.provide(WEB)
    assert mode.asked == [WEB]
    # The token of before is still in memory.
    member.retire(WEB)
    for _ in range(2):
        member.provide(WEB)
    assert mode.asked == [WEB, WEB]
