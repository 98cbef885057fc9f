"""Starting a lab's supervisor, and waiting until everything is ready."""

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kubefleet.lab.cluster import READY_SECONDS
from kubefleet.lab.failure import LabError
from kubefleet.lab.folder import LabFolder
from kubefleet.lab.lock import Lock
from kubefleet.lab.running import status_of
from kubefleet.lab.spec import LabSpec
from kubefleet.lab.status import LabPhase, LabStatus
from kubefleet.lab.supervisor import ALREADY_RUNS

CLUSTER_SECONDS = 60
"""Allowed for each cluster: on a busy machine they start one after the other."""
STOP_SECONDS = 30
_POLL_SECONDS = 0.1


def launch(
    folder: LabFolder, name: str, spec: LabSpec, programs: Mapping[str, Path], *, tied: bool
) -> subprocess.Popen[bytes] | None:
    """The supervisor of the lab, once all is ready; None when the lab runs already.

    A tied one ends when its standard input is closed or the caller is gone.

    Raises:
        LabError: it did not start, and everything that it had started is gone; or it runs with other clusters.
    """
    if sys.platform != "linux":
        raise LabError(f"starting a lab failed: this is `{sys.platform}` (expected linux). Use a container.")
    folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    order = {
        "name": name,
        "folder": str(folder.path),
        "programs": {program: str(path) for program, path in programs.items()},
        "spec": spec.model_dump(mode="json"),
        "tied": tied,
    }
    with folder.log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "kubefleet.lab.supervisor"],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _hand_over(process, order, tied=tied)
        seconds = READY_SECONDS + CLUSTER_SECONDS * len(spec.clusters)
        status = _await_ready(folder, name, process, seconds)
        _expect_same_clusters(status, spec)
    except BaseException:  # also an interrupt: nothing may stay that nobody knows of
        _end(process)
        raise
    if status.pid == process.pid:
        return process
    # It may not have seen yet that the lab runs: left alone, it would start one when that lab ends first.
    _end(process)
    return None


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(STOP_SECONDS)


def _hand_over(process: subprocess.Popen[bytes], order: Mapping[str, Any], *, tied: bool) -> None:
    """Give the supervisor its order, and keep its input open only if it is to end with this process."""
    assert process.stdin is not None  # noqa: S101 - a pipe was asked for
    process.stdin.write(json.dumps(order).encode() + b"\n")
    process.stdin.flush()
    if not tied:
        process.stdin.close()


def _await_ready(folder: LabFolder, name: str, process: subprocess.Popen[bytes], seconds: int) -> LabStatus:
    """The status of the lab that is ready: the one of `process`, or another one that had the name before."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        status, code = status_of(folder), process.poll()
        if status is not None and status.phase is LabPhase.READY:
            return status
        if code is not None and not (code == ALREADY_RUNS and Lock(folder.lock).is_held()):
            raise LabError(_why(folder, name, code))
        time.sleep(_POLL_SECONDS)
    raise LabError(
        f"starting the lab `{name}` failed: it is not ready after {seconds} s (expected it to be). "
        f"Look into `{folder.log}`."
    )


def _expect_same_clusters(status: LabStatus, spec: LabSpec) -> None:
    seen = ", ".join(cluster.name for cluster in status.clusters)
    wanted = ", ".join(cluster.name for cluster in spec.clusters)
    if seen != wanted:
        raise LabError(
            f"starting the lab `{status.name}` failed: it runs already with {seen} (expected {wanted}). "
            "End it with `kubefleet lab down`, or choose another name."
        )


def _why(folder: LabFolder, name: str, code: int) -> str:
    if folder.error.exists():
        return folder.error.read_text()
    return (
        f"starting the lab `{name}` failed: its supervisor ended with code {code} (expected it to run). "
        f"Look into `{folder.log}`."
    )
