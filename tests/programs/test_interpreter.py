"""The language host's choice of the Python that runs a program."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from pulumi.runtime.proto.language_pb2 import ProgramInfo

from kubefleet.lab._recipes import tools_folder

pytestmark = pytest.mark.fast


@pytest.fixture
def interpreter(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(tools_folder() / "pulumi-language-python"))
    monkeypatch.setenv("PATH", "/nowhere")
    for name in ("PULUMI_PYTHON_CMD", "UV_PROJECT_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    import interpreter

    yield interpreter
    sys.modules.pop("interpreter")


def project(folder: Path, **options: str) -> ProgramInfo:
    info = ProgramInfo(root_directory=str(folder), program_directory=str(folder / "program"), entry_point=".")
    info.options.update(options)
    return info


def python_in(folder: Path) -> Path:
    path = folder / "bin" / "python"
    path.parent.mkdir(parents=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_project_s_virtual_environment_wins_and_is_activated(
    interpreter: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_PYTHON_CMD", sys.executable)
    monkeypatch.setenv("PYTHONHOME", "/elsewhere")
    python = python_in(tmp_path / "venv")
    chosen, environment = interpreter.python_for(project(tmp_path, virtualenv="venv"))
    assert chosen == str(python)
    assert environment["VIRTUAL_ENV"] == str(tmp_path / "venv")
    assert environment["PATH"].startswith(f"{python.parent}:")
    assert "PYTHONHOME" not in environment


def test_without_options_the_environment_s_command_is_used(
    interpreter: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_PYTHON_CMD", sys.executable)
    assert interpreter.python_for(project(tmp_path))[0] == sys.executable


def test_without_both_python3_of_path_is_used(
    interpreter: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = python_in(tmp_path)
    python.rename(python.with_name("python3"))
    monkeypatch.setenv("PATH", str(python.parent))
    assert interpreter.python_for(project(tmp_path))[0] == str(python.with_name("python3"))


def test_uv_s_environment_lies_beside_the_nearest_lock_file(interpreter: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "uv.lock").write_text("")
    (tmp_path / "program").mkdir()
    python = python_in(tmp_path / ".venv")
    assert interpreter.python_for(project(tmp_path, toolchain="uv"))[0] == str(python)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"virtualenv": "gone"}, "there is no `bin/python` in it"),
        ({"typechecker": "mypy"}, "runtime option `typechecker`: `mypy`"),
        ({"toolchain": "poetry"}, "there is no `poetry` on PATH"),
        ({}, "no `python3` on PATH"),
    ],
)
def test_a_python_that_cannot_be_had_is_explained(
    interpreter: ModuleType, tmp_path: Path, options: dict[str, str], says: str
) -> None:
    with pytest.raises(interpreter.UnusableOptionError, match=says):
        interpreter.python_for(project(tmp_path, **options))
