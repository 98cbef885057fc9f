"""`kubefleet lab` where no lab runs: mistakes and their exit codes, errors on standard error only."""

from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from kubefleet.cli.lab import app

pytestmark = pytest.mark.fast

NOT_RUNNING = "lab `{}` does not run (expected it to). Start it with `kubefleet lab up`."
BAD_NAME = (
    "bad name of a lab: `{}` (expected at most 63 lower-case letters, digits and inner hyphens). Choose another one."
)


@pytest.fixture(autouse=True)
def labs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of labs in which none runs."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ["up", "quikstart"],
            2,
            "no lab is called `quikstart` (expected gpu, quickstart, wide, or a YAML file). Did you mean `quickstart`?",
        ),
        (["up", "--members", "0"], 2, "members: bad number `0` (expected 1 to 100)"),
        (["up", "--name", "Mine"], 1, BAD_NAME.format("Mine")),
        (["down", "../other"], 1, BAD_NAME.format("../other")),
        (["kubeconfig"], 1, NOT_RUNNING.format("quickstart")),
        (["status", "gpu"], 1, NOT_RUNNING.format("gpu")),
        (["fault", "hang", "eu-1"], 1, NOT_RUNNING.format("quickstart")),
    ],
)
def test_a_mistake_is_said_on_standard_error_with_what_to_do(arguments: list[str], code: int, message: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stderr, result.stdout) == (code, f"{message}\n", "")


def test_all_mistakes_of_a_spec_are_said_at_once_with_file_and_line(tmp_path: Path) -> None:
    spec = tmp_path / "lab.yaml"
    spec.write_text(
        "name: own\netcd: none\nclusters:\n- name: A\n- name: b\n  node: []\n  nodes:\n  - {allocatable: {cpu: 4x}}\n"
    )
    result = run("up", "--spec", str(spec))
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert len(lines) == 4
    for part in ("`none`", "`A`", "Did you mean `nodes`?", "`4x`"):
        assert sum(part in line for line in lines) == 1, result.stderr
    where = [line.split(": ")[0].removeprefix(f"{tmp_path}/") for line in lines]
    assert where == ["lab.yaml:2", "lab.yaml:4", "lab.yaml:6", "lab.yaml:8"]


def test_a_spec_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    result = run("up", "--spec", str(tmp_path / "lab.yaml"))
    assert result.exit_code == 2
    assert "lab.yaml: cannot read the file" in result.stderr


def test_an_unknown_fault_lists_those_that_are_there() -> None:
    result = run("fault", "burn", "eu-1")
    assert result.exit_code == 2
    assert "blackhole" in result.stderr


def test_ending_a_lab_that_does_not_run_is_no_mistake() -> None:
    result = run("down", "gpu")
    assert (result.exit_code, result.stdout) == (0, "lab `gpu` does not run\n")


@pytest.mark.parametrize(
    ("form", "text"),
    [("table", "no lab runs. Start one with `kubefleet lab up`.\n"), ("json", "[]\n"), ("yaml", "[]\n")],
)
def test_the_status_of_no_lab_is_printed_in_each_form(form: str, text: str) -> None:
    result = run("status", "-o", form)
    assert (result.exit_code, result.stdout) == (0, text)


@pytest.mark.parametrize("command", ["up", "down", "status", "kubeconfig", "fault", "versions"])
def test_each_command_explains_itself(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert command in result.stdout
    assert command in run("--help").stdout
