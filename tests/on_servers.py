"""Runs the tests of a marker that need servers. Of few that fail each is run once more, with servers of its own, and
those that pass only then are named: a machine may stand still at the wrong moment.

A history that has broken a rule has broken it, however it goes the next time: those of `soak` are run once.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

_CACHE: Final = Path(".pytest_cache/on_servers")
_FEW: Final = 3
_FAILED: Final = 1
"""How pytest ends where tests have failed, and nothing else."""


def run(marker: str, *how: str) -> int:
    told = [sys.executable, "-m", "pytest", "-q", "-m", marker, "-o", f"cache_dir={_CACHE}"]
    code = subprocess.run([*told, "--cache-clear", "--durations", "12", *how], check=False).returncode
    if code != _FAILED:
        return code
    failed = sorted(json.loads((_CACHE / "v/cache/lastfailed").read_text()))
    if len(failed) > _FEW or any(name.startswith("tests/soak/") for name in failed):
        return code
    _say(f"once more: {', '.join(failed)}")
    code = subprocess.run([*told, *failed], check=False).returncode
    if code == 0:
        _say(f"passed the second time only: {', '.join(failed)}")
    return code


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(run(*sys.argv[1:]))
