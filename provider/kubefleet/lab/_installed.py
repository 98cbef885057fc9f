"""Programs that the machine has already: on PATH, or where Kubernetes' test tools are kept."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Literal

from kubefleet.lab._progress import Listener, PassedOver
from kubefleet.lab._recipes import Executable, Recipe

Source = Literal["PATH", "KUBEBUILDER_ASSETS", "built"]

ASSETS = "KUBEBUILDER_ASSETS"
ASK_SECONDS = 20
_VERSION = re.compile(r"v?(\d+\.\d+\.\d+[0-9A-Za-z.+-]*)")


def installed(recipe: Recipe, listener: Listener) -> dict[str, tuple[Source, Path, str]] | None:
    """Every executable of `recipe` with its place and version, or None unless all are there and new enough.

    Control planes are looked for in `KUBEBUILDER_ASSETS` before PATH, the others on PATH. What is there but too old is
    reported as `PassedOver`.
    """
    places = [(executable, _place(executable.name, recipe.name == "kube")) for executable in recipe.executables]
    found: dict[str, tuple[Source, Path, str]] = {}
    for executable, place in places:
        if place is None:
            return None
        source, path = place
        version = asked_version(executable, path)
        if executable.oldest and _numbers(version) < executable.oldest:
            listener(PassedOver(executable.name, path, version, ".".join(map(str, executable.oldest))))
            return None
        found[executable.name] = (source, path, version)
    return found


def _place(name: str, in_assets: bool) -> tuple[Source, Path] | None:
    if in_assets and (assets := os.environ.get(ASSETS)) and (path := shutil.which(name, path=assets)):
        return "KUBEBUILDER_ASSETS", Path(path)
    on_path = shutil.which(name)
    return ("PATH", Path(on_path)) if on_path else None


def asked_version(executable: Executable, path: Path) -> str:
    """What the program itself says, without `v`; empty when it has no way to say it or fails to."""
    if not executable.ask:
        return ""
    try:
        answer = subprocess.run(
            [str(path), *executable.ask],
            capture_output=True,
            text=True,
            timeout=ASK_SECONDS,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        # It cannot be started or hangs: as good as too old.
        return ""
    match = _VERSION.search(answer.stdout) if answer.returncode == 0 else None
    return match[1] if match else ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
