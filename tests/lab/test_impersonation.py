"""The agent of a real member: what T1 hands over to it, in either way of impersonating, and what it is told else."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from joined_member import none_is_going, undo
from lab_objects import until

from kubefleet.federation import READER, RIGHTS, make_mode, placement_role
from kubefleet.federation.constrained import has_constrained
from kubefleet.federation.denied import Denied
from kubefleet.federation.joining import joining
from kubefleet.federation.member import FederatedMember
from kubefleet.federation.modes import Ground
from kubefleet.federation.role import Role
from kubefleet.identity.ceiling import Ceiling
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError, MemberError, NoAccount
from kubefleet.kube.object_access import apply_body
from kubefleet.kube.reviews import user_of
from kubefleet.lab.lab import Lab

pytestmark = pytest.mark.lab

SHOP, OTHERS = "fleet-acted", "fleet-agents"
WEB, API = placement_role("00000000000000e1", "web"), placement_role("00000000000000e2", "api")
AGENT, STRANGER = Role("the-agent", "the agent"), Role("a-stranger", "a stranger")
RBAC = "/apis/rbac.authorization.k8s.io/v1"


@dataclass
class Acted:
    """A member with an agent: `admin` of it, and the fleet as the agent runs it."""

    admin: Connection
    agent: Connection
    operator: str = ""

    def member(self, who: Connection | None = None) -> FederatedMember:
        """Anew, as in another process."""
        agent = who or self.agent
        ground = Ground(lambda _: agent, lambda _: "", operator=self.operator)
        return FederatedMember("eu-1", agent, make_mode("impersonation", ground))

    def roles(self) -> set[str]:
        kinds = ("clusterroles", "clusterrolebindings")
        names = {item["metadata"]["name"] for kind in kinds for item in self.admin.list(f"{RBAC}/{kind}")}
        return {name for name in names if name.startswith("fleet:")}


@pytest.fixture(scope="module")
def accounts(connection: Connection) -> Iterator[dict[Role, Connection]]:
    """Two accounts without any right."""
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OTHERS}}
    none_is_going(connection, [space])
    apply_body(connection, space, manager="test", force=True)
    mode = make_mode("service-account-token", Ground(lambda _: connection, lambda _: "", namespace=OTHERS))
    found = {}
    for role in (AGENT, STRANGER):
        connection.post(f"/api/v1/namespaces/{OTHERS}/serviceaccounts", {"metadata": {"name": role.account}})
        found[role] = connection.acting_with(mode.source("eu-1", role))
    yield found
    undo(connection, [space])


@contextmanager
def joined(admin: Connection, agent: Connection, *, legacy: bool = False) -> Iterator[Acted]:
    """Joined with the agent, until the end."""
    mode = make_mode("impersonation", Ground(lambda _: admin, lambda _: ""))
    manifests = joining(mode, Ceiling((SHOP,)), agent=user_of(agent), legacy=legacy)
    none_is_going(admin, manifests)
    for manifest in manifests:
        apply_body(admin, manifest, manager="join", force=True)
    acted = Acted(admin, agent)
    until(lambda: acts(acted.member(), RIGHTS) and acts(acted.member(), READER))
    try:
        yield acted
    finally:
        undo(admin, manifests)


@pytest.fixture(scope="module")
def acted(connection: Connection, accounts: dict[Role, Connection]) -> Iterator[Acted]:
    with joined(connection, accounts[AGENT]) as found:
        yield found


def acts(member: FederatedMember, role: Role) -> bool:
    try:
        return user_of(member.acting_as(role)) == member.mode.user(role)
    except NoAccount:
        return False
    except ApiError as error:
        if error.status != 403:
            raise
        return False  # it was let pass a moment ago


def is_handed_over(member: FederatedMember) -> bool:
    """Once an API server that has known another fence has heard of this one."""
    try:
        member.provide(WEB)
    except MemberError:
        return False
    return True


def test_a_server_of_today_has_constrained_impersonation(connection: Connection) -> None:
    assert has_constrained(connection)


def test_a_placement_is_handed_over_once_and_taken_back(acted: Acted, quickstart_lab: Lab) -> None:
    with pytest.raises(NoAccount, match=r"may not act as placement `web`: .* cannot impersonate:user-info resource"):
        user_of(acted.member().acting_as(WEB))
    first = acted.member()
    first.provide(WEB)
    assert acts(first, WEB)
    assert acted.roles() == {f"fleet:agent:{first.mode.user(WEB)}"}
    assert not acts(acted.member(), API)

    mark = quickstart_lab.audited("eu-1")
    acted.member().provide(WEB)
    writes = [write for write in quickstart_lab.writes("eu-1", mark) if "reviews" not in write.resource]
    assert writes == []

    # In another process, at once: the member still lets the agent pass, which means nothing.
    acted.member().retire(WEB)
    assert acted.roles() == set()
    again = acted.member()
    again.provide(WEB)
    # And twice by one and the same.
    again.retire(WEB)
    again.provide(WEB)
    assert acts(again, WEB)
    assert acted.roles() == {f"fleet:agent:{first.mode.user(WEB)}"}
    again.retire(WEB)
    until(lambda: not acts(acted.member(), WEB), 20)


def test_a_stranger_is_told_whom_the_join_has_to_name(acted: Acted, accounts: dict[Role, Connection]) -> None:
    stranger = user_of(accounts[STRANGER])
    with pytest.raises(
        NoAccount, match=rf"may not act as the reader: User .*`--mode impersonation --agent {stranger}`"
    ):
        user_of(acted.member(accounts[STRANGER]).reader())
    with pytest.raises(MemberError, match="may not act as the one that hands out rights"):
        acted.member(accounts[STRANGER]).provide(WEB)
    assert acted.roles() == set()


def test_only_the_joins_agent_is_handed_anything(acted: Acted) -> None:
    """An admin may act as everybody, so as T1 too: the fence knows who is the agent all the same."""
    with pytest.raises(MemberError, match=r"USER is the agent's, and nobody else's"):
        acted.member(acted.admin).provide(WEB)
    acted.member().retire(WEB)


def test_who_runs_the_command_is_named_whatever_their_alphabet(acted: Acted) -> None:
    jurgen = Acted(acted.admin, acted.agent, "jürgen@例え.jp")
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    seen = jurgen.member().reader().post("/apis/authentication.k8s.io/v1/selfsubjectreviews", review)
    assert seen["status"]["userInfo"]["extra"] == {"kubefleet.io/operator": ["jürgen@例え.jp"]}


def test_in_the_legacy_way_the_join_decides_too(connection: Connection, accounts: dict[Role, Connection]) -> None:
    with joined(connection, accounts[AGENT], legacy=True) as acted:
        member = acted.member()
        until(lambda: is_handed_over(member))
        user = member.mode.user(WEB)
        assert acts(member, WEB)
        (rule,) = connection.get(f"{RBAC}/clusterroles/fleet:agent:{user}")["rules"]
        assert (rule["apiGroups"], rule["verbs"], rule["resourceNames"]) == ([""], ["impersonate"], [user])
        # The fence has that one form: what the other kind of server would take is refused here.
        role: dict[str, Any] = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": f"fleet:agent:{member.mode.user(API)}"},
            "rules": [
                {
                    "apiGroups": ["authentication.k8s.io"],
                    "resources": ["users"],
                    "verbs": ["impersonate:user-info"],
                    "resourceNames": [member.mode.user(API)],
                }
            ],
        }
        with pytest.raises(ApiError, match="is to act as that user, and nothing else"):
            apply_body(member.acting_as(RIGHTS), role, manager="x", force=True)
        member.retire(WEB)
        until(lambda: not acts(acted.member(), WEB), 20)
        assert acted.roles() == set()


def test_another_agent_of_the_join_is_handed_what_the_first_had(
    connection: Connection, accounts: dict[Role, Connection]
) -> None:
    with joined(connection, accounts[AGENT]) as first:
        until(lambda: is_handed_over(first.member()))
        with joined(connection, accounts[STRANGER]) as second:
            until(lambda: is_handed_over(second.member()))
            name = f"fleet:agent:{second.member().mode.user(WEB)}"
            (subject,) = connection.get(f"{RBAC}/clusterrolebindings/{name}")["subjects"]
            assert subject["name"] == user_of(accounts[STRANGER])
            assert acts(second.member(), WEB)
            until(lambda: not acts(first.member(), WEB), 20)
            second.member().retire(WEB)


def test_a_member_that_was_joined_without_an_agent_says_so(connection: Connection) -> None:
    """By an admin, who may act as T1 anyway."""
    mode = make_mode("impersonation", Ground(lambda _: connection, lambda _: ""))
    manifests = joining(mode, Ceiling((SHOP,)))
    none_is_going(connection, manifests)
    for manifest in manifests:
        apply_body(connection, manifest, manager="join", force=True)
    try:
        with pytest.raises(Denied, match=r"joined without an agent. Join it again: `--mode impersonation --agent"):
            Acted(connection, connection).member().provide(WEB)
    finally:
        undo(connection, manifests)
