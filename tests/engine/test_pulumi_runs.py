"""Pulumi's engine with the language host of this repository, on a program that touches no cluster."""

import json
import stat
import time
from pathlib import Path

import pytest

from kubefleet.lab._session import session_members
from kubefleet.lab.programs import ProgramError
from kubefleet.lab.pulumi import PulumiEnvironment

pytestmark = pytest.mark.engine

PROGRAM = """
import time
from pathlib import Path
import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider

class Provider(ResourceProvider):
    serialize_as_secret_always = False

    def create(self, props):
        Path(props["mark"]).touch()
        time.sleep(props["seconds"])
        return CreateResult("one", dict(props))

    def diff(self, id, old, new):
        return DiffResult(changes=old["word"] != new["word"])

    def update(self, id, old, new):
        return {"word": new["word"], "mark": new["mark"], "seconds": new["seconds"]}

class Thing(Resource):
    def __init__(self, name, **arguments):
        super().__init__(Provider(), name, arguments)

config = pulumi.Config()
seconds = config.get_int("seconds") or 0
thing = Thing("thing", word=config.get("word") or "hello", mark=str(Path("created").resolve()), seconds=seconds)
print("a line of the program")
pulumi.export("word", config.get("word") or "hello")
pulumi.export("hidden", config.get_secret("hidden"))
pulumi.export("dry", pulumi.runtime.is_dry_run())
"""


@pytest.fixture(scope="module")
def pulumi(tmp_path_factory: pytest.TempPathFactory) -> PulumiEnvironment:
    return PulumiEnvironment(tmp_path_factory.mktemp("pulumi"))


@pytest.fixture
def project(pulumi: PulumiEnvironment, tmp_path: Path) -> Path:
    """A project of its own, whose program is PROGRAM, with the stack `dev` selected."""
    (tmp_path / "Pulumi.yaml").write_text(f"name: {tmp_path.name.replace('_', '-')}\nruntime: python\n")
    (tmp_path / "__main__.py").write_text(PROGRAM)
    pulumi.init("dev", cwd=tmp_path)
    return tmp_path


def wait_for(condition: Path, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition.exists():
        assert time.monotonic() < end, f"{condition.name} did not come"
        time.sleep(0.05)


def test_a_program_is_previewed_applied_found_unchanged_and_destroyed(pulumi: PulumiEnvironment, project: Path) -> None:
    preview = pulumi.run("preview", cwd=project)
    assert preview.code == 0
    assert "+ 2 to create" in preview.stdout
    assert "a line of the program" in preview.stdout
    assert not (project / "created").exists()

    first = pulumi.run("up", "--yes", cwd=project)
    assert first.code == 0
    assert "+ 2 created" in first.stdout
    assert (project / "created").exists()

    second = pulumi.run("up", "--yes", cwd=project)
    assert second.code == 0
    assert "2 unchanged" in second.stdout
    assert first.stderr + second.stderr == ""

    destroyed = pulumi.run("destroy", "--yes", cwd=project)
    assert destroyed.code == 0
    assert "- 2 deleted" in destroyed.stdout


def test_a_program_gets_its_configuration_and_secrets_stay_secret(pulumi: PulumiEnvironment, project: Path) -> None:
    for arguments in (("word", "bye"), ("hidden", "swordfish", "--secret")):
        assert pulumi.run("config", "set", *arguments, cwd=project).code == 0
    done = pulumi.run("up", "--yes", "--skip-preview", cwd=project)
    assert done.code == 0
    assert 'word  : "bye"' in done.stdout
    assert "hidden: [secret]" in done.stdout
    assert "swordfish" not in done.stdout
    assert json.loads(pulumi.run("stack", "output", "--json", cwd=project).stdout)["dry"] is False


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("raise ValueError('the fleet is on fire')", "ValueError: the fleet is on fire"),
        ("import pulumi\nraise pulumi.RunError('no such fleet')", "error: no such fleet"),
        ("import sys\nsys.exit(7)", "Program exited with non-zero exit code: 7"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGTERM)", "the program was ended by signal 15"),
    ],
)
def test_a_failing_program_fails_the_command_with_its_message(
    pulumi: PulumiEnvironment, project: Path, program: str, says: str
) -> None:
    (project / "__main__.py").write_text(program + "\n")
    done = pulumi.run("preview", cwd=project)
    assert done.code != 0
    assert says in done.stdout


def test_an_error_that_the_program_has_shown_is_shown_once(pulumi: PulumiEnvironment, project: Path) -> None:
    (project / "__main__.py").write_text("raise ValueError('the fleet is on fire')\n")
    diagnostics = pulumi.run("preview", cwd=project).stdout.partition("Diagnostics:")[2]
    assert diagnostics.count("error:") == 1


def test_a_missing_virtual_environment_is_one_clear_error(pulumi: PulumiEnvironment, project: Path) -> None:
    runtime = "\n  name: python\n  options:\n    virtualenv: gone"
    text = (project / "Pulumi.yaml").read_text()
    (project / "Pulumi.yaml").write_text(text.replace(" python", runtime))
    done = pulumi.run("preview", cwd=project)
    assert done.code != 0
    assert f"names the virtual environment `{project}/gone`" in done.stdout
    assert "Traceback" not in done.stdout


def test_interrupting_a_program_ends_quietly_and_leaves_nothing_running(
    pulumi: PulumiEnvironment, project: Path
) -> None:
    (project / "__main__.py").write_text("import pathlib, time\npathlib.Path('runs').touch()\ntime.sleep(600)\n")
    with (project / "output").open("w") as output:
        process = pulumi.start("up", "--yes", cwd=project, stdout=output)
        try:
            wait_for(project / "runs")
            pulumi.interrupt(process)
            assert process.wait(timeout=30) != 0
            assert session_members(process.pid) == ()
        finally:
            pulumi.end(process)
    said = (project / "output").read_text()
    assert "preview canceled" in said
    assert "Traceback" not in said
    assert "KeyboardInterrupt" not in said


def test_interrupting_a_creation_lets_it_end_and_keeps_its_state(pulumi: PulumiEnvironment, project: Path) -> None:
    assert pulumi.run("config", "set", "seconds", "3", cwd=project).code == 0
    with (project / "output").open("w") as output:
        process = pulumi.start("up", "--yes", "--skip-preview", cwd=project, stdout=output)
        try:
            wait_for(project / "created")
            pulumi.interrupt(process)
            assert process.wait(timeout=30) != 0
            assert session_members(process.pid) == ()
        finally:
            pulumi.end(process)
    said = (project / "output").read_text()
    assert "update canceled" in said
    assert "Traceback" not in said
    assert "2 unchanged" in pulumi.run("up", "--yes", "--skip-preview", cwd=project).stdout


def test_the_program_ends_soon_after_the_engine_was_killed(pulumi: PulumiEnvironment, project: Path) -> None:
    (project / "__main__.py").write_text("import pathlib, time\npathlib.Path('runs').touch()\ntime.sleep(600)\n")
    with (project / "output").open("w") as output:
        process = pulumi.start("up", "--yes", cwd=project, stdout=output)
        try:
            wait_for(project / "runs")
            process.kill()
            process.wait()
            end = time.monotonic() + 10
            while session_members(process.pid):
                assert time.monotonic() < end
                time.sleep(0.1)
        finally:
            pulumi.end(process)


def test_after_a_kill_while_creating_nothing_is_left_and_the_next_run_continues(
    pulumi: PulumiEnvironment, project: Path
) -> None:
    assert pulumi.run("config", "set", "seconds", "600", cwd=project).code == 0
    with (project / "output").open("w") as output:
        process = pulumi.start("up", "--yes", "--skip-preview", cwd=project, stdout=output)
        try:
            wait_for(project / "created")
            process.kill()
        finally:
            pulumi.end(process)
    assert session_members(process.pid) == ()
    assert pulumi.run("config", "set", "seconds", "0", cwd=project).code == 0
    assert pulumi.run("cancel", "--yes", cwd=project).code == 0
    assert pulumi.run("refresh", "--yes", "--clear-pending-creates", cwd=project).code == 0
    assert pulumi.run("up", "--yes", "--skip-preview", cwd=project).code == 0


def test_lines_come_while_the_command_runs(pulumi: PulumiEnvironment, project: Path) -> None:
    lines: list[tuple[str, bool]] = []
    done = pulumi.stream(
        *("up", "--yes", "--skip-preview"),
        cwd=project,
        line=lambda text: lines.append((text, (project / "created").exists())),
    )
    assert done.code == 0
    assert done.stdout == "".join(f"{text}\n" for text, _ in lines)
    assert not lines[0][1]
    assert lines[-1][1]


def test_what_takes_too_long_is_killed_and_said(pulumi: PulumiEnvironment, project: Path) -> None:
    (project / "__main__.py").write_text("import time\ntime.sleep(600)\n")
    with pytest.raises(ProgramError, match=r"running `pulumi preview` failed: it still ran after 3 s"):
        pulumi.run("preview", cwd=project, timeout=3)


def test_nothing_of_the_user_s_is_used(
    pulumi: PulumiEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_ACCESS_TOKEN", "someone")
    monkeypatch.setenv("PULUMI_STACK", "production")
    again = PulumiEnvironment(pulumi.folder)
    assert not {"PULUMI_ACCESS_TOKEN", "PULUMI_STACK"} & again.environment.keys()
    passphrase = Path(again.environment["PULUMI_CONFIG_PASSPHRASE_FILE"])
    assert stat.S_IMODE(passphrase.stat().st_mode) == 0o600
    assert passphrase.read_text() not in str(again.environment)
    assert again.run("whoami", "--verbose", cwd=tmp_path).stdout.count((pulumi.folder / "state").as_uri()) == 1
