"""`kubefleet join` before it asks anybody: what it would apply, and mistakes."""

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
    ("arguments", "said"),
    [
        (["eu-1", "--print"], "namespaces: none (expected `--namespace`, where placements may have objects)."),
        (["eu-1", "--namespace", "shop"], "no `--context` (expected the context of an admin of the member"),
        (["eu-1", "--namespace", "No_Such", "--print"], "namespaces[0]: bad name `No_Such`"),
        (["eu-1", "--namespace", "shop", "--mode", "magic", "--print"], "mode: unknown mode `magic` (expected one of"),
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
