"""What a preview leaves for the update of the same command."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from kubefleet.resources._private import private_folder

pytestmark = pytest.mark.fast

CHILD = """
import sys
from pulumi.output import UNKNOWN
from kubefleet.resources._agreement import differences, leave
two, three = {"to:web": {"eu-1": {"web": 2}}, "turns": {}}, {"to:web": {"eu-1": {"web": 3}, "us-1": {}}}
for step in sys.argv[1].split(","):
    if step == "planned":
        leave("shop", {"to:web": {"eu-1": {"web": UNKNOWN}}})
    elif step == "leave":
        leave("shop", two)
    else:
        print(differences("shop", two if step == "same" else three))
"""
PARENT = "import subprocess, sys; [subprocess.run([sys.argv[1], sys.argv[2], step]) for step in sys.argv[3:]]"


def run(tmp_path: Path, name: str, *steps: str) -> list[str]:
    """Every step in a process of its own, all of them children of one process that has this name."""
    parent, child = tmp_path / name, tmp_path / "child.py"
    if not parent.exists():
        parent.symlink_to(Path(sys.executable).resolve())
    child.write_text(CHILD)
    command = [str(parent), "-c", PARENT, sys.executable, str(child), *steps]
    environment = {"KUBEFLEET_LOGS": str(tmp_path / "logs"), "PATH": ""}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_an_update_that_decides_otherwise_lists_what_its_preview_has_shown(tmp_path: Path) -> None:
    assert run(tmp_path, "pulumi", "leave", "other", "other") == [
        "['web: shown on eu-1 x2, now on eu-1 x3, us-1']",
        "[]",
    ]


def test_an_update_that_decides_the_same_has_nothing_to_say(tmp_path: Path) -> None:
    assert run(tmp_path, "pulumi", "leave", "same") == ["[]"]


def test_another_command_and_one_without_a_preview_have_nothing_to_compare(tmp_path: Path) -> None:
    assert run(tmp_path, "pulumi", "leave") == []
    assert run(tmp_path, "pulumi", "other") == ["[]"]
    assert run(tmp_path, "host", "leave", "other") == ["[]"]


def test_what_is_not_known_in_a_preview_is_not_compared(tmp_path: Path) -> None:
    assert run(tmp_path, "pulumi", "planned", "other") == ["[]"]


def test_what_a_preview_leaves_is_private_and_goes_when_its_command_has_ended(tmp_path: Path) -> None:
    run(tmp_path, "pulumi", "leave")
    (left,) = (tmp_path / "logs").iterdir()
    assert stat.S_IMODE(left.stat().st_mode) == 0o600
    assert stat.S_IMODE(left.parent.stat().st_mode) == 0o700
    run(tmp_path, "pulumi", "leave")
    assert left not in (tmp_path / "logs").iterdir()


def test_a_folder_that_somebody_else_could_read_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBEFLEET_LOGS", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    mine = private_folder()
    assert mine.parent == tmp_path
    assert private_folder() == mine
    mine.chmod(0o755)
    other = private_folder()
    assert other != mine
    assert stat.S_IMODE(other.stat().st_mode) == 0o700
    other.rmdir()


def test_a_runtime_folder_that_is_gone_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBEFLEET_LOGS", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "gone"))
    other = private_folder()
    assert stat.S_IMODE(other.stat().st_mode) == 0o700
    other.rmdir()
