import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.fast

SCRIPT = Path(__file__).parents[1] / "on_servers.py"
TESTS = """
from pathlib import Path
import pytest
pytestmark = pytest.mark.lab
def test_slow_once():
    seen = Path("seen")
    was = seen.exists()
    seen.touch()
    assert was
def test_good():
    with open("good", "a") as file:
        file.write(".")
"""
BROKEN = "def test_broken():\n    assert False\n"


def run(folder: Path, at: str, text: str) -> tuple[int, str]:
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = lab\n")
    (folder / at).parent.mkdir(parents=True, exist_ok=True)
    (folder / at).write_text(text)
    done = subprocess.run([sys.executable, str(SCRIPT), "lab"], cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_what_passes_the_second_time_is_named_and_nothing_else_runs_again(tmp_path):
    code, told = run(tmp_path, "tests/test_a.py", TESTS)
    assert code == 0
    assert told.splitlines()[-1] == "passed the second time only: tests/test_a.py::test_slow_once"
    assert (tmp_path / "good").read_text() == "."


@pytest.mark.parametrize(
    ("at", "text", "again"),
    [
        ("tests/test_a.py", TESTS + BROKEN, True),
        ("tests/test_a.py", TESTS + "".join(BROKEN.replace("broken", name) for name in "abc"), False),
        ("tests/soak/test_a.py", TESTS, False),
        ("tests/test_a.py", "import nothing_of_that_name\n", False),
    ],
)
def test_what_fails_twice_or_much_of_it_or_a_history_fails(tmp_path, at, text, again):
    code, told = run(tmp_path, at, text)
    assert code != 0
    assert ("once more: " in told) == again
    assert "second time only" not in told
