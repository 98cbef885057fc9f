"""`kubefleet join` to a fleet whose identities are a hub's: what is looked at first, what is written where, and that
leaving takes back exactly that.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result
from typer.testing import CliRunner

from kubefleet.cli.main import app
from kubefleet.federation import READER, RIGHTS, checking, joining, make_mode, trusting
from kubefleet.federation.checking import check_member
from kubefleet.federation.configured import has_read
from kubefleet.federation.member import FederatedMember
from kubefleet.federation.membership import Membership
from kubefleet.federation.modes import Ground
from kubefleet.federation.trusting import Issuer, NotTrusted
from kubefleet.identity.ceiling import Ceiling
from kubefleet.kube.cluster_uid import cluster_uid
from kubefleet.kube.connect import connect
from kubefleet.kube.connection import Connection
from kubefleet.kube.credential import Credential, Fixed
from kubefleet.kube.errors import MemberError
from kubefleet.kube.impersonating import as_user
from kubefleet.kube.object_access import apply_body, delete_if_there
from kubefleet.kube.object_ref import ref_of
from kubefleet.kube.patience import Patience
from kubefleet.lab.lab import Lab

pytestmark = pytest.mark.lab

SPACE, HOME, AT_HUB = "fleet-joins", "pulumi-kubefleet", "fleet-accounts"
RBAC = "rbac.authorization.k8s.io"
SHOWN = {
    "apiVersion": f"{RBAC}/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": "fleet-issuer-discovery"},
    "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "system:service-account-issuer-discovery"},
    "subjects": [{"apiGroup": RBAC, "kind": "Group", "name": "system:unauthenticated"}],
}


@pytest.fixture(scope="module")
def hub_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab("quickstart", name="joins", folder=tmp_path_factory.mktemp("joins"), members=1, hub=True) as lab:
        yield lab


@pytest.fixture
def hub(hub_lab: Lab) -> Iterator[Connection]:
    """The hub, which shows its keys to nobody yet."""
    connection = connect("hub", hub_lab.access("hub"))
    yield connection
    delete_if_there(connection, ref_of(SHOWN))
    connection.close()


@pytest.fixture
def eu(hub_lab: Lab) -> Iterator[Connection]:
    connection = connect("eu-1", hub_lab.access("eu-1"))
    yield connection
    connection.close()


@pytest.fixture
def file(hub_lab: Lab) -> Path:
    return hub_lab.folder.cluster("eu-1").authentication


@pytest.fixture
def join(hub_lab: Lab) -> Callable[..., Result]:
    def run(*more: str, member: str = "eu-1") -> Result:
        kubeconfig = str(hub_lab.kubeconfig)
        where = ["--context", member, "--kubeconfig", kubeconfig, "--namespace", SPACE]
        of_hub = ["--hub-context", "hub", "--hub-kubeconfig", kubeconfig, "--hub-namespace", AT_HUB]
        return CliRunner().invoke(app, ["join", member, *where, *of_hub, *more])

    return run


def fleets_own(connection: Connection) -> set[str]:
    rbac, admission = f"/apis/{RBAC}/v1", "/apis/admissionregistration.k8s.io/v1"
    paths = [f"{rbac}/{plural}" for plural in ("clusterroles", "clusterrolebindings", "roles", "rolebindings")]
    paths += [f"{admission}/validatingadmissionpolicies", f"{admission}/validatingadmissionpolicybindings"]
    paths += ["/api/v1/serviceaccounts"]
    return {
        item["metadata"]["name"]
        for path in paths
        for item in connection.list(path)
        if item["metadata"]["name"].startswith("fleet-")
    }


def namespaces(connection: Connection) -> set[str]:
    return {item["metadata"]["name"] for item in connection.list("/api/v1/namespaces")}


def federated(eu: Connection, hub: Connection) -> FederatedMember:
    ground = Ground(lambda _: eu, lambda _: cluster_uid(eu), hub, AT_HUB)
    return FederatedMember("eu-1", eu, make_mode("oidc", ground))


def test_what_would_fail_is_told_before_anything_is_touched(
    join: Callable[..., Result], hub: Connection, eu: Connection, file: Path
) -> None:
    before = {*namespaces(eu), *namespaces(hub)}, file.read_text()
    hidden = join("--authentication-config", str(file))
    assert hidden.exit_code == 1
    assert hidden.stderr == (
        "hub: it shows its keys to nobody who is not known (403). Members have to read them: kubectl create "
        "clusterrolebinding fleet-issuer-discovery --clusterrole=system:service-account-issuer-discovery "
        "--group=system:unauthenticated\n"
    )
    apply_body(hub, SHOWN, manager="test", force=True)
    itself = join("--authentication-config", str(file), member="hub")
    assert itself.exit_code == 1
    assert itself.stderr == (
        "hub: `https://hub.fleet.test` is also that of the member's own service accounts: its API server would not "
        "start. Give the hub another `--service-account-issuer`\n"
    )
    assert ({*namespaces(eu), *namespaces(hub)}, file.read_text()) == before
    assert fleets_own(eu) == set()


def test_a_member_joins_by_its_file_and_leaves(
    join: Callable[..., Result], hub: Connection, eu: Connection, file: Path
) -> None:
    apply_body(hub, SHOWN, manager="test", force=True)
    before = json.loads(file.read_text())
    others = join("--operator", "ana")
    assert others.exit_code == 1
    entry = yaml.safe_load(others.stdout.partition("apiVersion:")[1] + others.stdout.partition("apiVersion:")[2])
    assert others.stderr.startswith("eu-1: its API server does not trust `https://hub.fleet.test`")
    assert others.stderr.endswith("Everything else is there: have this entry in it, and run the command again.\n")
    assert json.loads(file.read_text()) == before

    done = join("--operator", "ana", "--authentication-config", str(file))
    assert done.exit_code == 0, done.output
    assert json.loads(file.read_text()) == {**before, "jwt": entry["jwt"]}
    at_hub = [line for line in done.stdout.splitlines() if line.startswith("hub: ")]
    assert [line.split()[1] for line in at_hub] == ["Namespace:", "Role:", "RoleBinding:", "ServiceAccount:"]
    identity = f'IdentityFederation(namespaces=["{SPACE}"], hub_namespace="{AT_HUB}")'
    assert done.stdout.splitlines()[-3:] == [
        "eu-1 has joined. The fleet's program declares, with a context of which nothing but the server is used:",
        f'  Fleet(..., hub=Kubeconfig("hub"), identity={identity})',
        f'  fleet.member("eu-1", context="...", uid="{cluster_uid(eu)}")',
    ]
    assert {"fleet-reader", "fleet-rbac", "fleet-minting"} <= fleets_own(hub)
    assert "fleet-minting" not in fleets_own(eu)
    found = list(check_member(federated(eu, hub), ()))
    assert [(finding.check, finding.wrong) for finding in found if finding.wrong] == []
    assert {f"token of {role.words}" for role in (READER, RIGHTS)} < {finding.check for finding in found}

    again = join("--operator", "ana")
    assert again.exit_code == 0, again.output
    assert "written" not in again.stdout

    left = join("--leave", "--authentication-config", str(file))
    assert left.exit_code == 0, left.output
    assert left.stdout.splitlines()[-1] == "eu-1 has left: no identity of the fleet has any right there."
    assert json.loads(file.read_text()) == before
    assert fleets_own(eu) == set()
    # Other members may still know them.
    assert {"fleet-reader", "fleet-rbac"} <= fleets_own(hub)
    told = join("--leave").stdout.splitlines()[-1]
    assert told.endswith("take the entry out of its AuthenticationConfiguration.")


def test_a_file_that_is_not_the_api_servers_is_told(
    join: Callable[..., Result], hub: Connection, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply_body(hub, SHOWN, manager="test", force=True)
    monkeypatch.setattr(trusting, "_TRUSTED_WITHIN", 1)
    other = tmp_path / "other.yaml"
    other.write_text(file.read_text())
    done = join("--authentication-config", str(other))
    assert done.exit_code == 1
    assert f"though `{other}` has said so for a minute. Is it started with `--authentication-config`" in done.stderr
    assert "AuthenticationConfiguration" not in done.stdout
    assert join("--leave", "--authentication-config", str(other)).exit_code == 0
    assert json.loads(other.read_text()) == json.loads(file.read_text())


def test_what_is_printed_is_for_the_member_and_the_rest_is_in_comments(
    join: Callable[..., Result], hub: Connection, eu: Connection
) -> None:
    apply_body(hub, SHOWN, manager="test", force=True)
    printed = join("--print")
    assert printed.exit_code == 0, printed.output
    applied = list(yaml.safe_load_all(printed.stdout))
    assert {"ValidatingAdmissionPolicy", "Namespace"} < {item["kind"] for item in applied}
    assert not any(item["kind"] == "ServiceAccount" for item in applied)
    comments = "".join(line[2:] + "\n" for line in printed.stdout.splitlines() if line.startswith("# "))
    on_hub, _, in_file = comments.partition("In the AuthenticationConfiguration of the member's API server:\n")
    accounts = [item for item in yaml.safe_load_all(on_hub.removeprefix("On the hub:\n")) if item]
    assert [(item["kind"], item["metadata"]["name"]) for item in accounts] == [
        ("Namespace", AT_HUB),
        ("ServiceAccount", "fleet-reader"),
        ("ServiceAccount", "fleet-rbac"),
    ]
    entry: dict[str, Any] = yaml.safe_load(in_file)["jwt"][0]
    assert entry["issuer"]["audiences"] == [f"fleet:{cluster_uid(eu)}"]
    assert join("--print", "--uid", "u-1").stdout.count("fleet:u-1") == 1
    assert fleets_own(eu) == set()


def test_an_admin_who_gets_no_token_of_the_hub_goes_by_the_members_own_word(
    hub: Connection, eu: Connection, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply_body(hub, SHOWN, manager="test", force=True)
    monkeypatch.setattr(trusting, "_TRUSTED_WITHIN", 1)
    before = json.loads(file.read_text())
    nobody = hub.acting_with(Fixed(Credential()))
    assert (Issuer(hub, AT_HUB).gives_tokens(), Issuer(nobody, AT_HUB).gives_tokens()) == (True, False)
    member = federated(eu, nobody)
    there = joining.joining(member.mode, Ceiling((SPACE,)))
    membership = Membership(member, there, issuer=Issuer(nobody, AT_HUB), file=file)

    assert has_read(eu, file)
    other = tmp_path / "other.yaml"
    other.write_text(file.read_text())
    with pytest.raises(NotTrusted, match="does not trust"):
        list(replace(membership, file=other).join(Patience(15)))
    monkeypatch.undo()
    list(membership.join(Patience(15)))
    assert has_read(eu, file)

    # The fence is tried as the one whom it holds: it is missed where it is not in force.
    eu.delete("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/fleet-fence")
    monkeypatch.setattr(checking, "_IN_FORCE_WITHIN", 1)

    def missed() -> bool:
        try:
            checking.await_fence(as_user(eu, member.mode.user(RIGHTS)), Patience(15))
        except MemberError as error:
            return "`fleet-fence` is not in force" in str(error)
        return False

    until = time.monotonic() + 30
    while not missed():
        assert time.monotonic() < until
        time.sleep(0.5)
    list(membership.leave())
    assert json.loads(file.read_text()) == before
    assert fleets_own(eu) == set()
