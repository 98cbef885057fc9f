"""The preview and the update of one `pulumi up` agree: what was shown is what is done.

They run in two plugin processes under one process of the command line. The preview leaves what it decided in a private
file that is named after that process; the update compares. Without such a parent (another host than `pulumi`), or
with --skip-preview, there is nothing to compare.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from kubefleet.model.counted import counted
from kubefleet.resources._private import private_folder
from kubefleet.resources.keys import placed_by
from kubefleet.resources.ownership import has_unknown

_COMMAND_LINE = "pulumi"


def leave(fleet: str, inputs: Mapping[str, Any]) -> None:
    """Note, in a preview, what was decided: the clusters and replicas of every placement that is known."""
    if (path := _path(fleet)) is None:
        return
    _forget_dead(path.parent)
    # What concerns a cluster that is still to be created may well come out otherwise.
    decided = {key: value for key, value in inputs.items() if placed_by(key) and not has_unknown(value)}
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump(decided, file)


def differences(fleet: str, inputs: Mapping[str, Any]) -> list[str]:
    """In an update: one line for every placement that its preview has shown elsewhere. Forgets the preview."""
    path = _path(fleet)
    if path is None or not path.exists():
        return []
    shown = json.loads(path.read_text())
    path.unlink()
    return [
        f"{placed_by(key)}: shown on {_counts(shown[key])}, now on {_counts(inputs[key])}"
        for key in sorted(shown)
        if key in inputs and inputs[key] != shown[key]
    ]


def _counts(decision: Mapping[str, Mapping[str, int]]) -> str:
    return counted({name: sum(seats.values()) if seats else None for name, seats in decision.items()}) or "no cluster"


def _path(fleet: str) -> Path | None:
    """The file of this command and fleet. A process id comes again; together with its start it does not."""
    for parent in psutil.Process().parents():
        if Path(parent.name()).stem == _COMMAND_LINE:
            key = hashlib.sha256(f"{parent.create_time()} {fleet}".encode()).hexdigest()[:16]
            return private_folder() / f"preview-{parent.pid}-{key}.json"
    return None


def _forget_dead(folder: Path) -> None:
    """Remove what commands have left that ended after their preview."""
    for path in folder.glob("preview-*.json"):
        pid = path.name.split("-")[1]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            path.unlink(missing_ok=True)
