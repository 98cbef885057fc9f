"""`kubefleet lab` on a lab of one cluster, from up to down."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import Result
from typer.testing import CliRunner

from kubefleet.cli.lab import app

pytestmark = pytest.mark.lab


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def done(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What `up` printed; the lab `cli` runs."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        try:
            yield done("up", "--members", "1", "--name", "cli")
        finally:
            done("down", "cli")


def state() -> str:
    return json.loads(done("status", "cli", "-o", "json"))[0]["clusters"][0]["faults"]


def test_up_prints_how_to_use_it_and_kubeconfig_prints_the_same_path(shown: str) -> None:
    path = done("kubeconfig", "cli").strip()
    assert shown == f"lab `cli` is ready: eu-1\nexport KUBECONFIG={path}\n"
    contexts = yaml.safe_load(Path(path).read_text())["contexts"]
    assert [context["name"] for context in contexts] == ["eu-1"]


def test_a_second_up_finds_it(shown: str) -> None:
    again = done("up", "--members", "1", "--name", "cli")
    assert again == shown.replace("is ready", "runs already")


def test_another_size_of_a_running_lab_is_a_mistake(shown: str) -> None:
    result = run("up", "--members", "2", "--name", "cli")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "it runs already with eu-1 (expected eu-1, eu-2)" in result.stderr


def test_status_prints_its_clusters_in_each_form(shown: str) -> None:
    table = done("status").splitlines()
    assert table[0].split() == ["LAB", "CLUSTER", "ROLE", "STATE", "NODES", "LABELS"]
    assert table[1].split() == ["cli", "eu-1", "member", "ready", "4", "region=eu,tier=prod"]
    assert len(table) == 2
    assert "kube-apiserver:" in done("status", "cli", "-o", "wide")
    assert json.loads(done("status", "-o", "json")) == yaml.safe_load(done("status", "-o", "yaml"))


def test_a_fault_is_done_shown_and_undone(shown: str) -> None:
    assert done("fault", "hang", "eu-1", "--lab", "cli") == "eu-1: hang\n"
    done("fault", "delay", "eu-1", "--lab", "cli", "--milliseconds", "50")
    assert state() == ["hung", "delay 50 ms"]
    assert "hung, delay 50 ms" in done("status", "cli")
    done("fault", "continue", "eu-1", "--lab", "cli")
    done("fault", "heal", "eu-1", "--lab", "cli")
    assert state() == []


def test_a_skewed_token_is_in_a_file_of_its_owner_and_not_in_the_output(shown: str) -> None:
    printed = done("fault", "skew", "eu-1", "--lab", "cli", "--seconds", "-7200")
    path = Path(printed.removeprefix("eu-1: skew in ").strip())
    assert path.stat().st_mode & 0o777 == 0o600
    user = yaml.safe_load(path.read_text())["users"][0]
    assert user["name"] == "lab-skewed@eu-1"
    assert user["user"]["token"] not in printed


def test_a_fault_of_an_unknown_cluster_is_said_so(shown: str) -> None:
    result = run("fault", "cut", "eu-7", "--lab", "cli")
    assert result.exit_code == 1
    assert result.stderr == "no cluster of the lab `cli` is called `eu-7` (expected one of eu-1).\n"


def test_versions_lists_every_program_of_a_lab() -> None:
    rows = {row["name"]: row for row in json.loads(done("versions", "-o", "json"))}
    for name in ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "pulumi"):
        assert rows[name]["used"]
        assert rows[name]["pinned"]
    assert done("versions").splitlines()[0].split() == ["NAME", "PINNED", "USED", "SOURCE"]
