"""What `make demo` shows on a machine that has built nothing yet."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kubefleet.lab._session import end_session
from kubefleet.lab.programs import find

pytestmark = pytest.mark.lab

DEMO = Path(__file__).parents[2] / "examples" / "demo.py"
NEEDED = ("kube-apiserver", "kwok", "pulumi")


def test_the_plan_of_the_quick_start_is_shown_first_then_how_far_the_builds_are(tmp_path: Path) -> None:
    if any((found := find(name)) is not None and found.source != "built" for name in NEEDED):
        pytest.skip("the programs are on PATH: nothing is to be built")
    demo = subprocess.Popen(
        [sys.executable, str(DEMO)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
        start_new_session=True,
    )
    shown: list[str] = []
    try:
        for line in demo.stdout or ():
            shown.append(line)
            if "kube: " in line and " left" in line:
                break
    finally:
        end_session(demo.pid)
        demo.wait()
    text = "".join(shown)
    plan, progress = text.index("1 placement on 2 of 3 clusters, all placed"), text.index("kube: ")
    assert text.index("$ kubefleet simulate") < plan < progress
