"""`kubefleet join` on a real member: what is written, what a second time writes, and that it can be taken back."""

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result
from immutabledict import immutabledict
from lab_objects import until
from typer.testing import CliRunner

from kubefleet.cli.main import app
from kubefleet.identity import Rights, Rule
from kubefleet.identity.federation import Federation
from kubefleet.identity.roles import role_manifests
from kubefleet.kube.connection import Connection
from kubefleet.kube.object_access import apply_body, delete_if_there, find
from kubefleet.kube.object_ref import ObjectRef
from kubefleet.lab.lab import Lab

pytestmark = pytest.mark.lab

SPACE = "fleet-joins"
HOME = "pulumi-kubefleet"
RULE = Rule(("",), ("configmaps",), ("get",), ("settings",))
KINDS = (
    "ClusterRole",
    "ClusterRoleBinding",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "Namespace",
    "PriorityClass",
    "Role",
    "RoleBinding",
    "ServiceAccount",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
)


@pytest.fixture
def join(quickstart_lab: Lab, connection: Connection) -> Any:
    def run(*more: str, context: str = "eu-1") -> Result:
        where = ["--context", context, "--kubeconfig", str(quickstart_lab.kubeconfig)]
        return CliRunner().invoke(app, ["join", "eu-1", *where, "--namespace", SPACE, *more])

    yield run
    left = run("--leave")
    assert left.exit_code == 0, left.output
    for ref in (ObjectRef("v1", "Namespace", "", name) for name in (SPACE, HOME)):
        delete_if_there(connection, ref)
        until(lambda ref=ref: find(connection, ref) is None, 60)


def fleets_own(connection: Connection) -> set[str]:
    """What the member has of a fleet's join, beside namespaces."""
    rbac, admission = "/apis/rbac.authorization.k8s.io/v1", "/apis/admissionregistration.k8s.io/v1"
    paths = [f"{rbac}/{plural}" for plural in ("clusterroles", "clusterrolebindings", "roles", "rolebindings")]
    paths += [f"{admission}/validatingadmissionpolicies", f"{admission}/validatingadmissionpolicybindings"]
    paths += ["/api/v1/serviceaccounts"]
    names = {item["metadata"]["name"] for path in paths for item in connection.list(path)}
    return {name for name in names if name.startswith("fleet-")}


def placements_own(connection: Connection) -> set[str]:
    """Names of what placements were given."""
    paths = (
        f"/apis/rbac.authorization.k8s.io/v1/{plural}"
        for plural in ("clusterroles", "clusterrolebindings", "roles", "rolebindings")
    )
    names = {item["metadata"]["name"] for path in paths for item in connection.list(path)}
    return {name for name in names if name.startswith("fleet:")}


def label_of(connection: Connection, name: str) -> str | None:
    labels = connection.get(f"/api/v1/namespaces/{name}")["metadata"].get("labels") or {}
    return labels.get("pulumi-kubefleet/ceiling")


def test_it_says_what_it_wrote_and_can_be_repeated_and_taken_back(
    join: Callable[..., Result], connection: Connection
) -> None:
    first = join("--operator", "ana")
    assert first.exit_code == 0, first.output
    lines = first.stdout.splitlines()
    assert tuple(line.partition(":")[0] for line in lines[: len(KINDS)]) == KINDS
    assert all(line.endswith("written") for line in lines[: len(KINDS)])
    assert lines[len(KINDS) :] == [
        "eu-1 has joined. The fleet's program declares, with the context of somebody who may only mint tokens there:",
        f'  Fleet(..., identity=IdentityFederation(namespaces=["{SPACE}"]))',
        '  fleet.member("eu-1", context="...")',
    ]
    assert {"fleet-fence", "fleet-guard", "fleet-rbac", "fleet-reader", "fleet-minting"} <= fleets_own(connection)
    assert label_of(connection, SPACE) == "inside"

    again = join("--operator", "ana")
    assert again.exit_code == 0, again.output
    assert all(line.endswith(" as it was") for line in again.stdout.splitlines()[: len(KINDS)]), again.stdout

    # A placement that has not been destroyed.
    user = f"system:serviceaccount:{HOME}:fleet-00000000000000aa"
    rights = Rights(immutabledict({SPACE: (RULE,), "": (RULE,)}))
    for manifest in role_manifests(rights, user, Federation("", "", "")):
        apply_body(connection, manifest, manager="test", force=True)
    assert placements_own(connection) == {f"fleet:{user}"}

    left = join("--leave")
    assert left.exit_code == 0, left.output
    assert placements_own(connection) == set()
    assert left.stdout.splitlines()[-1] == "eu-1 has left: no identity of the fleet has any right there."
    assert fleets_own(connection) == set()
    assert label_of(connection, SPACE) is None
    twice = join("--leave")
    assert twice.exit_code == 0, twice.output
    assert "removed" not in twice.stdout


def test_a_narrower_ceiling_takes_the_label_away(join: Callable[..., Result], connection: Connection) -> None:
    assert join("--namespace", "default").exit_code == 0
    assert label_of(connection, "default") == "inside"
    narrowed = join()
    assert narrowed.exit_code == 0, narrowed.output
    assert label_of(connection, "default") is None


def test_a_narrower_ceiling_takes_away_what_the_agent_may_ask_for(
    join: Callable[..., Result], connection: Connection
) -> None:
    agent = ("--mode", "impersonation", "--agent", "ana")
    assert join(*agent, "--namespace", "default").exit_code == 0
    asked = ("default", "kube-system", HOME, SPACE)
    assert namespaces_of_the_agent(connection) == {kind: set(asked) for kind in ("roles", "rolebindings")}
    assert join(*agent).exit_code == 0
    assert namespaces_of_the_agent(connection) == {kind: set(asked[1:]) for kind in ("roles", "rolebindings")}
    left = join(*agent[:2], "--leave")
    assert left.exit_code == 0, left.output
    assert fleets_own(connection) == set()


def namespaces_of_the_agent(connection: Connection) -> dict[str, set[str]]:
    found = {}
    for kind in ("roles", "rolebindings"):
        items = connection.list(f"/apis/rbac.authorization.k8s.io/v1/{kind}")
        metadata = [item["metadata"] for item in items]
        found[kind] = {item["namespace"] for item in metadata if item["name"] == "fleet-agent"}
    return found


def test_one_user_is_given_what_a_snapshot_reads_and_leaves_with_nothing(
    join: Callable[..., Result], connection: Connection
) -> None:
    done = join("--mode", "exec", "--user", "ci")
    assert done.exit_code == 0, done.output
    assert fleets_own(connection) == {"fleet-guard", "fleet-guard-tokens", "fleet-reader", "fleet-records"}
    assert done.stdout.splitlines()[-1].startswith("Mode `exec` hands out no rights: eu-1 has what a snapshot reads")
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    bound = connection.get(f"{rbac}/clusterrolebindings/fleet-reader")["subjects"]
    assert [subject["name"] for subject in bound] == ["ci"]
    left = join("--mode", "exec", "--leave")
    assert left.exit_code == 0, left.output
    assert fleets_own(connection) == set()


def test_a_member_changes_its_mode_only_by_leaving(join: Callable[..., Result], connection: Connection) -> None:
    """Else the users of the one mode would keep what they were given, and no policy would know them."""
    assert join().exit_code == 0
    before = fleets_own(connection)
    for more in ((), ("--leave",)):
        refused = join("--mode", "exec", "--user", "ci", *more)
        assert refused.exit_code == 1
        assert refused.stderr.startswith("eu-1: it has joined in mode `service-account-token` (expected `exec`). Leave")
        assert fleets_own(connection) == before
    assert join("--leave").exit_code == 0
    assert join("--mode", "exec", "--user", "ci").exit_code == 0
    left = join("--mode", "exec", "--leave")
    assert left.exit_code == 0, left.output
    annotations = connection.get(f"/api/v1/namespaces/{HOME}")["metadata"].get("annotations") or {}
    assert "pulumi-kubefleet/mode" not in annotations


def test_who_is_no_admin_is_told_in_one_line(join: Callable[..., Result], quickstart_lab: Lab, tmp_path: Any) -> None:
    done = join(context="no-such")
    assert done.exit_code == 1
    assert done.stderr.startswith("eu-1: no context `no-such`")
    assert done.stderr.count("\n") == 1
