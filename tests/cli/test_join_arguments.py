"""`kubefleet join` before it asks anybody: what it would apply, and mistakes."""

from pathlib import Path

import pytest
import yaml
from click.testing import Result
from typer.testing import CliRunner

from kubefleet.cli.main import app

pytestmark = pytest.mark.fast


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["join", *arguments])


def test_what_it_would_apply_is_printed_as_yaml_and_nobody_is_asked() -> None:
    done = run("eu-1", "--namespace", "shop", "--namespace", "blog", "--print")
    assert done.exit_code == 0, done.output
    printed = [(item["kind"], item["metadata"]["name"]) for item in yaml.safe_load_all(done.stdout)]
    assert printed[:5] == [
        ("Namespace", "blog"),
        ("Namespace", "pulumi-kubefleet"),
        ("Namespace", "shop"),
        ("ServiceAccount", "fleet-reader"),
        ("ServiceAccount", "fleet-rbac"),
    ]
    assert ("ValidatingAdmissionPolicy", "fleet-fence") in printed
    fenced = printed.index(("ValidatingAdmissionPolicyBinding", "fleet-fence"))
    assert fenced < printed.index(("ClusterRole", "fleet-rbac"))
    assert ("Role", "fleet-minting") not in printed


AZURE = ["--mode", "azure", "--hub-context", "hub", "--tenant-id", "t", "--client-id", "c", "--object-id", "o-1"]


def kubeconfig(folder: Path) -> str:
    """Of a hub that nobody asks."""
    file = folder / "kubeconfig"
    cluster = {"name": "hub", "cluster": {"server": "https://127.0.0.1:9"}}
    context = {"name": "hub", "context": {"cluster": "hub", "user": "hub"}}
    users = [{"name": "hub", "user": {}}]
    file.write_text(yaml.safe_dump({"clusters": [cluster], "contexts": [context], "users": users}))
    return str(file)


def test_where_an_admin_hands_out_rights_nobody_is_fenced_in_and_one_user_is_guarded(tmp_path: Path) -> None:
    done = run("aks-1", "--namespace", "shop", *AZURE, "--hub-kubeconfig", kubeconfig(tmp_path), "--print")
    assert done.exit_code == 0, done.output
    printed = list(yaml.safe_load_all(done.stdout))
    policies = {item["metadata"]["name"]: item for item in printed if item["kind"] == "ValidatingAdmissionPolicy"}
    assert sorted(policies) == ["fleet-guard", "fleet-guard-tokens"]
    for policy in policies.values():
        assert policy["spec"]["matchConditions"] == [
            {"name": "user", "expression": 'request.userInfo.username == "o-1"'}
        ]
    roles = [item for item in printed if item["kind"] in ("ClusterRole", "Role")]
    writing = [
        (role["metadata"].get("namespace"), resource)
        for role in roles
        for rule in role["rules"]
        for resource in rule["resources"]
        if not {*rule["verbs"]} <= {"get", "list", "watch"}
    ]
    assert writing == [("pulumi-kubefleet", "configmaps"), ("pulumi-kubefleet", "secrets")]
    bindings = [item for item in printed if item["kind"].endswith("Binding") and "subjects" in item]
    assert {subject["name"] for binding in bindings for subject in binding["subjects"]} == {"o-1"}
    assert "#   name: fleet-entra\n#   namespace: pulumi-kubefleet\n" in done.stdout


def test_a_user_that_is_not_known_gets_nothing(tmp_path: Path) -> None:
    printed = yaml.safe_load_all(run("eu-1", "--namespace", "shop", "--mode", "exec", "--print").stdout)
    of_jobs = {"MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding", "PriorityClass"}
    assert {item["kind"] for item in printed} == {"Namespace", *of_jobs}
    printed = yaml.safe_load_all(run("eu-1", "--namespace", "shop", "--mode", "exec", "--user", "ci", "--print").stdout)
    assert {"ClusterRoleBinding", "Namespace", "ValidatingAdmissionPolicy"} < {item["kind"] for item in printed}


def test_an_operator_may_make_accounts_and_tokens_in_the_fleets_namespace_and_nothing_else() -> None:
    done = run("eu-1", "--namespace", "shop", "--operator", "ana", "--operator", "ci", "--print")
    found = {(item["kind"], item["metadata"]["name"]): item for item in yaml.safe_load_all(done.stdout)}
    role, binding = found["Role", "fleet-minting"], found["RoleBinding", "fleet-minting"]
    assert [(rule["resources"], rule["verbs"]) for rule in role["rules"]] == [
        (["serviceaccounts"], ["create", "delete"]),
        (["serviceaccounts/token"], ["create"]),
    ]
    assert [subject["name"] for subject in binding["subjects"]] == ["ana", "ci"]
    assert role["metadata"]["namespace"] == binding["metadata"]["namespace"] == "pulumi-kubefleet"


@pytest.mark.parametrize(
    ("more", "verb"), [([], "impersonate:user-info"), (["--legacy-impersonation"], "impersonate")], ids=["", "legacy"]
)
def test_an_agent_may_act_as_the_fleets_own_users(more: list[str], verb: str) -> None:
    done = run("eu-1", "--namespace", "shop", "--mode", "impersonation", "--agent", "ana", *more, "--print")
    assert done.exit_code == 0, done.output
    found = {(item["kind"], item["metadata"]["name"]): item for item in yaml.safe_load_all(done.stdout)}
    assert found["ClusterRole", "fleet-agent"]["rules"][0]["verbs"] == [verb]
    users = ["fleet:pulumi-kubefleet:fleet-rbac", "fleet:pulumi-kubefleet:fleet-reader"]
    assert found["ClusterRole", "fleet-agent"]["rules"][0]["resourceNames"] == users
    assert [subject["name"] for subject in found["ClusterRoleBinding", "fleet-agent"]["subjects"]] == ["ana"]
    assert not [kind for kind, _ in found if kind == "ServiceAccount"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["eu-1", "--print"], "namespaces: none (expected `--namespace`, where placements may have objects)."),
        (["eu-1", "--namespace", "shop"], "no `--context` (expected the context of an admin of the member"),
        (["eu-1", "--namespace", "No_Such", "--print"], "namespaces[0]: bad name `No_Such`"),
        (["eu-1", "--namespace", "shop", "--mode", "magic", "--print"], "mode: unknown mode `magic` (expected one of"),
        (["eu-1", "--namespace", "shop", "--mode", "oidc", "--print"], "no `--hub-context` (expected by mode `oidc`"),
        (["eu-1", "--namespace", "shop", *AZURE[:-2], "--print"], "object_id: missing field"),
        (["eu-1", "--namespace", "shop", *AZURE[:4], *AZURE[6:], "--print"], "tenant_id: missing field"),
        (["eu-1", "--namespace", "shop", *AZURE, "--hub-kubeconfig", "/no/such", "--print"], "hub: no kubeconfig"),
        (["eu-1", "--namespace", "shop", "--mode", "impersonation", "--print"], "no `--agent` (expected the user, as"),
        (["eu-1", "--namespace", "shop", "--agent", "ana", "--print"], "`--agent` in mode `service-account-token`"),
        (["Eu_1", "--namespace", "shop", "--print"], "MEMBER: bad name `Eu_1`"),
        (["eu-1", "--namespace", "shop", "--context", "eu-1", "--kubeconfig", "/no/such"], "eu-1: no kubeconfig"),
    ],
)
def test_a_mistake_is_one_line(arguments: list[str], said: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 1
    assert done.stdout == ""
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == 1
