"""A lab: a small fleet of real control planes on this machine, for the command line, tests and the demo alike."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from kubefleet.lab.audit import Write, read_events, writes_in
from kubefleet.lab.control import ask
from kubefleet.lab.failure import LabError
from kubefleet.lab.faults import Fault
from kubefleet.lab.folder import LabFolder, labs_folder
from kubefleet.lab.programs import Listener, ensure
from kubefleet.lab.spec import LabSpec, load_spec
from kubefleet.lab.status import LabPhase, LabStatus, parse_status
from kubefleet.model.access import Kubeconfig

_PROGRAMS = ("kube", "kwok")
_START_SECONDS = 300
_STOP_SECONDS = 30
_ANSWER_SECONDS = 60
_POLL_SECONDS = 0.1
_ALREADY_RUNS = 3
READY_SECONDS = 120


class Lab:
    """A lab by name. `with Lab("quickstart") as lab:` runs it for the block; `up()` leaves it running until `down()`.

    `spec` is a shipped lab, a `lab.yaml`, or a `LabSpec`. Two labs of one name in one folder are the same lab.
    """

    def __init__(
        self,
        spec: str | Path | LabSpec = "quickstart",
        *,
        name: str = "",
        folder: Path | None = None,
        members: int | None = None,
        hub: bool = False,
        progress: Listener | None = None,
    ) -> None:
        loaded = spec if isinstance(spec, LabSpec) else load_spec(spec)
        self.spec = loaded.sized(members, hub=hub)
        self.name = name or loaded.name
        self.folder = LabFolder((folder or labs_folder()) / self.name)
        self._progress = progress
        self._process: subprocess.Popen[bytes] | None = None

    def up(self) -> bool:
        """Start it, detached, and wait until it is ready; False when it ran already.

        Raises:
            LabError: it did not start; everything that it had started is gone.
        """
        return self._start(tied=False)

    def down(self) -> bool:
        """End it, and wait until nothing of it runs; False when it did not run."""
        return stop(self.folder)

    def status(self) -> LabStatus | None:
        """What runs, or None when the lab does not."""
        return status_of(self.folder)

    @property
    def kubeconfig(self) -> Path:
        """One file for all clusters; its contexts are their names."""
        return self.folder.kubeconfig

    def access(self, cluster: str) -> Kubeconfig:
        """How the lab's admin reaches a cluster."""
        return Kubeconfig(cluster, str(self.kubeconfig))

    def hang(self, cluster: str) -> None:
        """Stop the API server's process: connections stay open, nothing is answered."""
        self._fault(Fault.HANG, cluster)

    def resume(self, cluster: str) -> None:
        """Undo `hang`."""
        self._fault(Fault.CONTINUE, cluster)

    def kill(self, cluster: str) -> None:
        """Kill the API server; its data stay."""
        self._fault(Fault.KILL, cluster)

    def restart(self, cluster: str) -> None:
        """Start the API server again on its old data, and wait until it is ready."""
        self._fault(Fault.RESTART, cluster)

    def delay(self, cluster: str, milliseconds: int) -> None:
        """Hold up everything by so much in each direction."""
        self._fault(Fault.DELAY, cluster, milliseconds)

    def cut(self, cluster: str) -> None:
        """Reset all connections, and every new one."""
        self._fault(Fault.CUT, cluster)

    def blackhole(self, cluster: str) -> None:
        """Swallow everything: connections are made, and nothing comes through."""
        self._fault(Fault.BLACKHOLE, cluster)

    def heal(self, cluster: str) -> None:
        """Undo `delay`, `cut` and `blackhole`."""
        self._fault(Fault.HEAL, cluster)

    def audit(self, cluster: str) -> Iterator[Mapping[str, Any]]:
        """Every event of the API server's audit log so far, in its order."""
        return read_events(self.folder.cluster(cluster).audit_log)

    def writes(self, cluster: str, since: int = 0) -> tuple[Write, ...]:
        """Mutating requests that were not the cluster's own, from event number `since` on."""
        return writes_in(self.audit(cluster), since)

    def __enter__(self) -> Self:
        self._start(tied=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()
        if self._process is not None:
            if self._process.stdin is not None:
                self._process.stdin.close()
            self._process.wait(_STOP_SECONDS)

    def _fault(self, fault: Fault, cluster: str, milliseconds: int = 0) -> None:
        inflict_on(self.folder, fault, cluster, milliseconds)

    def _start(self, *, tied: bool) -> bool:
        programs = ensure(*_PROGRAMS, progress=self._progress)
        self.folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        order = {
            "name": self.name,
            "folder": str(self.folder.path),
            "programs": {name: str(program.path) for name, program in programs.items()},
            "spec": self.spec.model_dump(mode="json"),
            "tied": tied,
            "remove": False,
        }
        with self.folder.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "kubefleet.lab.supervisor"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        assert process.stdin is not None  # noqa: S101 - a pipe was asked for
        process.stdin.write(json.dumps(order).encode() + b"\n")
        process.stdin.flush()
        if tied:
            self._process = process
        else:
            process.stdin.close()
        return self._await_ready(process)

    def _await_ready(self, process: subprocess.Popen[bytes]) -> bool:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            code = process.poll()
            if code is not None and code != _ALREADY_RUNS:
                raise LabError(self._why(code))
            status = self.status()
            if status is not None and status.phase is LabPhase.READY:
                # Another supervisor answers when this lab ran already.
                return status.pid == process.pid
            time.sleep(_POLL_SECONDS)
        self.down()
        raise LabError(f"the lab `{self.name}` was not ready after {_START_SECONDS} s. Look into `{self.folder.log}`.")

    def _why(self, code: int | None) -> str:
        if self.folder.error.exists():
            return self.folder.error.read_text()
        return f"the lab `{self.name}` ended with code {code} (expected it to run). Look into `{self.folder.log}`."


def status_of(folder: LabFolder) -> LabStatus | None:
    """The status of the lab in a folder, or None when none runs there."""
    try:
        return parse_status(ask(folder.socket, {"do": "status"}, _ANSWER_SECONDS))
    except OSError:
        return None


def stop(folder: LabFolder) -> bool:
    """End the lab in a folder, and wait until nothing of it runs; False when none did.

    Raises:
        LabError: it did not end.
    """
    try:
        ask(folder.socket, {"do": "down"}, _ANSWER_SECONDS)
    except OSError:
        return False
    deadline = time.monotonic() + _STOP_SECONDS
    while folder.lock.exists() and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    if folder.lock.exists():
        raise LabError(f"the lab in `{folder.path}` did not end in {_STOP_SECONDS} s. Look into `{folder.log}`.")
    return True


def inflict_on(folder: LabFolder, fault: Fault, cluster: str, milliseconds: int = 0) -> None:
    """Do something to a cluster of the lab in a folder; returns when it is in effect.

    Raises:
        LabError: no such cluster, or no lab runs there.
    """
    order = {"do": "fault", "verb": fault.value, "cluster": cluster, "milliseconds": milliseconds}
    try:
        ask(folder.socket, order, _ANSWER_SECONDS + READY_SECONDS)
    except OSError as error:
        raise LabError(f"no lab runs in `{folder.path}`. Start it with `kubefleet lab up`.") from error


def running_labs() -> tuple[LabStatus, ...]:
    """All labs that run in the folder of labs, by name."""
    folders = sorted(path for path in labs_folder().glob("*") if path.is_dir())
    return tuple(status for path in folders if (status := status_of(LabFolder(path))) is not None)
