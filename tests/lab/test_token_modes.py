"""Modes of federation on real API servers: who the member sees, who is refused, and what ends a token."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from lab_objects import until

from kubefleet.federation import READER, make_mode, placement_role
from kubefleet.federation.member import FederatedMember
from kubefleet.federation.modes import Ground
from kubefleet.federation.modes.oidc import audience_of
from kubefleet.federation.role import Role
from kubefleet.federation.token_request import request_token
from kubefleet.identity.agent import OPERATOR
from kubefleet.kube.claims import claims_of
from kubefleet.kube.connect import connect
from kubefleet.kube.connection import Connection
from kubefleet.kube.credential import Credential, Fixed
from kubefleet.kube.errors import ApiError, NoAccount, NoIdentity
from kubefleet.kube.fan_out import fan_out
from kubefleet.kube.patience import Patience
from kubefleet.lab.lab import Lab

pytestmark = pytest.mark.lab

SPACE = "fleet-modes"
WEB, SHOP = placement_role("00000000000000aa", "web"), placement_role("00000000000000bb", "shop")
RBAC = "/apis/rbac.authorization.k8s.io/v1"
WHO = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}


@pytest.fixture(scope="module")
def accounts(connection: Connection) -> Iterator[Connection]:
    """The member with the accounts of a reader and a placement in a namespace of their own."""
    connection.post("/api/v1/namespaces", {"metadata": {"name": SPACE}})
    for role in (READER, WEB):
        connection.post(f"/api/v1/namespaces/{SPACE}/serviceaccounts", {"metadata": {"name": role.account}})
    yield connection
    connection.delete(f"/api/v1/namespaces/{SPACE}")


def who(connection: Connection) -> dict[str, Any]:
    found: dict[str, Any] = connection.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", WHO)
    return dict(found["status"]["userInfo"])


def ground(member: Connection, **fields: Any) -> Ground:
    return Ground(**{"member": lambda _: member, "uid_of": lambda _: "uid-1", "namespace": SPACE, **fields})


def test_a_member_sees_its_own_account_and_no_admin(accounts: Connection) -> None:
    mode = make_mode("service-account-token", ground(accounts))
    seen = who(accounts.acting_with(mode.source("eu-1", WEB)))
    assert seen["username"] == mode.user(WEB) == f"system:serviceaccount:{SPACE}:{WEB.account}"
    assert "system:masters" not in seen["groups"]
    assert "authentication.kubernetes.io/credential-id" in seen["extra"]


def test_nobody_gets_a_token_for_less_than_ten_minutes(accounts: Connection) -> None:
    with pytest.raises(ValueError, match="no token for the reader: eu-1 answered 422"):
        request_token(accounts, SPACE, READER, (), 599)


def test_an_account_that_is_not_there_is_told(accounts: Connection) -> None:
    source = make_mode("service-account-token", ground(accounts)).source("eu-1", SHOP)
    with pytest.raises(NoAccount, match=rf"no account `{SPACE}/{SHOP.account}` at eu-1 for placement `shop`. Join"):
        who(accounts.acting_with(source))


def test_who_may_not_request_tokens_is_told_the_right_that_lacks(accounts: Connection) -> None:
    reader = accounts.acting_with(make_mode("service-account-token", ground(accounts)).source("eu-1", READER))
    source = make_mode("service-account-token", ground(reader)).source("eu-1", WEB)
    lacks = rf"may not act as placement `web`: no right to create serviceaccounts/token of `{SPACE}/{WEB.account}`"
    with pytest.raises(NoIdentity, match=lacks):
        who(accounts.acting_with(source))


def test_fifty_members_refreshed_at_once_make_one_token_request_each(accounts: Connection, quickstart_lab: Lab) -> None:
    members = [
        FederatedMember(f"m{i}", accounts, make_mode("service-account-token", ground(accounts))) for i in range(50)
    ]
    since = quickstart_lab.audited("eu-1")
    # Four at a time at each of them, as previews and rollouts do.
    done = fan_out([member for member in members for _ in range(4)], lambda it: who(it.reader()), max_parallel=200)
    assert {outcome.get()["username"] for outcome in done} == {f"system:serviceaccount:{SPACE}:fleet-reader"}

    def requests() -> int:
        events = quickstart_lab.audit("eu-1", since)
        return sum(event["objectRef"].get("subresource") == "token" for event in events if "objectRef" in event)

    until(lambda: requests() >= len(members), 5)
    assert requests() == len(members)
    for member in members:
        member.reader().close()


def test_a_token_of_a_deleted_account_is_refused_within_ten_seconds(accounts: Connection) -> None:
    gone = Role("fleet-gone", "one that goes")
    path = f"/api/v1/namespaces/{SPACE}/serviceaccounts"
    accounts.post(path, {"metadata": {"name": gone.account}})
    token = request_token(accounts, SPACE, gone, (), 600)
    acting = accounts.acting_with(Fixed(token.credential()))
    assert who(acting)["username"].endswith(gone.account)
    accounts.delete(f"{path}/{gone.account}")
    assert status_of(acting, wait=15) == 401


def status_of(acting: Connection, *, wait: float) -> int:
    """200, or what the member answers instead before the seconds are over."""
    until = time.monotonic() + wait
    while time.monotonic() < until:
        try:
            who(acting)
        except ApiError as error:
            return error.status
        time.sleep(0.1)
    return 200


def test_a_token_of_the_hub_names_one_member_and_means_nothing_to_the_hub(
    accounts: Connection, quickstart_lab: Lab
) -> None:
    hub = connect("hub", quickstart_lab.access("us-1"))
    hub.post("/api/v1/namespaces", {"metadata": {"name": SPACE}})
    try:
        hub.post(f"/api/v1/namespaces/{SPACE}/serviceaccounts", {"metadata": {"name": WEB.account}})
        mode = make_mode("oidc", ground(accounts, hub=hub, seconds=600))
        credential = mode.source("eu-1", WEB).current(Patience(5))
        value = dict(credential.headers)["Authorization"].removeprefix("Bearer ")
        claims = claims_of(value)
        assert claims["aud"] == [audience_of("uid-1")]
        assert claims["exp"] - claims["iat"] == 600
        assert mode.user(WEB) == f"fleet:{claims['sub']}"
        with pytest.raises(ApiError) as refused:
            who(hub.acting_with(Fixed(credential)))
        assert refused.value.status == 401
    finally:
        hub.delete(f"/api/v1/namespaces/{SPACE}")
        hub.close()


@pytest.fixture(scope="module")
def agent(accounts: Connection) -> Iterator[Connection]:
    """An agent that may impersonate the user of one placement, to read and apply ConfigMaps, and nobody else."""
    user = make_mode("impersonation", ground(accounts)).user(WEB)
    agent_account = Role("fleet-agent", "the agent")
    accounts.post(f"/api/v1/namespaces/{SPACE}/serviceaccounts", {"metadata": {"name": agent_account.account}})
    whom = {"apiGroups": ["authentication.k8s.io"], "resources": ["users"], "resourceNames": [user]}
    extras = {"apiGroups": ["authentication.k8s.io"], "resources": [f"userextras/{OPERATOR}"]}
    rules = [
        {**whom, "verbs": ["impersonate:user-info"]},
        {**extras, "verbs": ["impersonate:user-info"]},
        {
            "apiGroups": [""],
            "resources": ["configmaps"],
            "verbs": ["impersonate-on:user-info:get", "impersonate-on:user-info:create"],
        },
        {
            "apiGroups": ["authentication.k8s.io"],
            "resources": ["selfsubjectreviews"],
            "verbs": ["impersonate-on:user-info:create"],
        },
    ]
    own = {"apiGroup": "rbac.authorization.k8s.io"}
    name = f"{SPACE}-agent"
    accounts.post(f"{RBAC}/clusterroles", {"metadata": {"name": name}, "rules": rules})
    subject = {"kind": "ServiceAccount", "name": agent_account.account, "namespace": SPACE}
    binding = {"metadata": {"name": name}, "roleRef": {**own, "kind": "ClusterRole", "name": name}}
    accounts.post(f"{RBAC}/clusterrolebindings", {**binding, "subjects": [subject]})
    # What the placement itself may do, by the name that the member sees.
    role = {"metadata": {"name": name}, "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["*"]}]}
    accounts.post(f"{RBAC}/namespaces/{SPACE}/roles", role)
    mine = {"metadata": {"name": name}, "roleRef": {**own, "kind": "Role", "name": name}}
    accounts.post(
        f"{RBAC}/namespaces/{SPACE}/rolebindings", {**mine, "subjects": [{**own, "kind": "User", "name": user}]}
    )
    yield accounts.acting_with(make_mode("service-account-token", ground(accounts)).source("eu-1", agent_account))
    for path in ("clusterroles", "clusterrolebindings"):
        accounts.delete(f"{RBAC}/{path}/{name}")


def test_an_agent_acts_as_a_placement_and_the_audit_log_names_all_three(agent: Connection, quickstart_lab: Lab) -> None:
    mode = make_mode("impersonation", ground(agent, operator="alice@example.com"))
    acting = agent.acting_with(mode.source("eu-1", WEB))
    seen = who(acting)
    assert seen["username"] == mode.user(WEB)
    assert seen["extra"][OPERATOR] == ["alice@example.com"]
    since = quickstart_lab.audited("eu-1")
    acting.post(f"/api/v1/namespaces/{SPACE}/configmaps", {"metadata": {"name": "made"}})
    time.sleep(0.2)
    (event,) = [
        event
        for event in quickstart_lab.audit("eu-1", since)
        if event.get("verb") == "create" and (event.get("objectRef") or {}).get("name") == "made"
    ]
    assert event["user"]["username"] == f"system:serviceaccount:{SPACE}:fleet-agent"
    assert event["impersonatedUser"]["username"] == mode.user(WEB)
    assert event["impersonatedUser"]["extra"][OPERATOR] == ["alice@example.com"]


@pytest.mark.parametrize("user", ["another", "lab-admin", "system:admin", "system:serviceaccount:kube-system:default"])
def test_an_agent_is_refused_for_anybody_else(agent: Connection, user: str) -> None:
    own = agent.transport.source.current(Patience(5))
    forged = Fixed(Credential((*own.headers, ("Impersonate-User", user))))
    with pytest.raises(ApiError) as refused:
        agent.acting_with(forged).get(f"/api/v1/namespaces/{SPACE}/configmaps/made")
    assert (refused.value.status, refused.value.reason) == (403, "Forbidden")


def test_an_agent_is_refused_for_groups_and_for_verbs_that_are_not_listed(agent: Connection) -> None:
    mode = make_mode("impersonation", ground(agent))
    source = mode.source("eu-1", WEB)
    acting = agent.acting_with(source)
    with pytest.raises(ApiError, match="403") as refused:
        acting.delete(f"/api/v1/namespaces/{SPACE}/configmaps/made")
    assert refused.value.reason == "Forbidden"
    own = source.current(Patience(5))
    forged = Fixed(Credential((*own.headers, ("Impersonate-Group", "system:masters"))))
    with pytest.raises(ApiError, match="403"):
        agent.acting_with(forged).get(f"/api/v1/namespaces/{SPACE}/configmaps/made")
    # Nor may it act under its own name.
    with pytest.raises(ApiError, match="403"):
        agent.get(f"/api/v1/namespaces/{SPACE}/configmaps/made")


@pytest.fixture
def kubeconfig(accounts: Connection, quickstart_lab: Lab, tmp_path: Path) -> Path:
    """A kubeconfig whose user is the exec plugin, for kubectl and every other client."""
    endpoint = accounts.transport.endpoint
    path = tmp_path / "authority.crt"
    path.write_text(endpoint.ca)
    plugin = Path(sys.executable).with_name("kubefleet-credential")
    options = ["--mode", "service-account-token", "--context", "eu-1", "--kubeconfig", str(quickstart_lab.kubeconfig)]
    user = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": str(plugin),
            "args": [WEB.account, *options, "--namespace", SPACE],
            "interactiveMode": "Never",
        }
    }
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": endpoint.server, "certificate-authority": str(path)}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "c",
    }
    made = tmp_path / "kubeconfig"
    made.write_text(yaml.safe_dump(config))
    return made


def test_kubectl_and_the_python_client_act_as_a_placement_through_the_plugin(kubeconfig: Path) -> None:
    import kubernetes

    name = f"system:serviceaccount:{SPACE}:{WEB.account}"
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig)}
    asked = ["kubectl", "auth", "whoami", "--output", "json"]
    told = subprocess.run(asked, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["status"]["userInfo"]["username"] == name
    with kubernetes.config.new_client_from_config(str(kubeconfig)) as client:
        review = kubernetes.client.AuthenticationV1Api(client).create_self_subject_review(
            kubernetes.client.V1SelfSubjectReview()
        )
    assert review.status.user_info.username == name


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--mode", "impersonation"], "mode `impersonation` gives no credential of its own. Use `as`"),
        (["--mode", "x"], "unknown mode `x` (expected one of: azure"),
        (["--mode", "oidc"], "mode `oidc` without a hub"),
        (["--mode", "service-account-token"], "this mode needs `--context`"),
        (["--mode", "service-account-token", "--context", "none"], "no context `none`"),
        (["--mode", "service-account-token", "--context", "eu-1", "--namespace", "nowhere"], "no account `nowhere/fl"),
    ],
)
def test_the_plugin_says_in_one_line_what_is_wrong(
    options: list[str],
    told: str,
    quickstart_lab: Lab,
    invoke_credential: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    ended = invoke_credential("fleet-reader", *options, KUBECONFIG=str(quickstart_lab.kubeconfig))
    assert ended.returncode == 1
    assert told in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert not ended.stdout


@pytest.fixture
def invoke_credential() -> Callable[..., subprocess.CompletedProcess[str]]:
    def invoke(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).with_name("kubefleet-credential")), *arguments]
        given = {**os.environ, **environment}
        return subprocess.run(command, env=given, capture_output=True, text=True, timeout=60, check=False)

    return invoke
