"""A lab: a small fleet of real control planes on this machine, for the command line, tests and the demo alike."""

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from kubefleet.lab.audit import Write, count_events, read_events, writes_in
from kubefleet.lab.faults import AS_USUAL, Extent, Fault
from kubefleet.lab.folder import lab_folder
from kubefleet.lab.launch import STOP_SECONDS, launch
from kubefleet.lab.programs import Listener, ensure
from kubefleet.lab.running import inflict_on, status_of, stop
from kubefleet.lab.skewed_token import ACCOUNT
from kubefleet.lab.spec import LabSpec, load_spec
from kubefleet.lab.status import LabStatus
from kubefleet.model.access import Kubeconfig

_PROGRAMS = ("kube", "kwok")


class Lab:
    """A lab by name. `with Lab("quickstart") as lab:` runs it for the block; `up()` leaves it running until `down()`.

    `spec` is a shipped lab, a `lab.yaml`, or a `LabSpec`. Two labs of one name in one folder are the same lab: whoever
    comes second finds it, and a `with` leaves it to whom it belongs.

    Raises:
        MistakesError: the spec has mistakes.
        LabError: no lab can be called `name`.
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
        self.folder = lab_folder(self.name, folder)
        self._progress = progress
        self._process: subprocess.Popen[bytes] | None = None

    def up(self) -> bool:
        """Start it, detached, and wait until it is ready; False when it ran already.

        Raises:
            LabError: it did not start, and everything that it had started is gone; or it runs with other clusters.
            ProgramError: a program can neither be found nor built.
        """
        return self._start(tied=False)

    def down(self) -> bool:
        """End it, and wait until nothing of it runs; False when it did not run."""
        ended = stop(self.folder)
        if self._process is not None:
            if self._process.stdin is not None:
                self._process.stdin.close()
            self._process.wait(STOP_SECONDS)
            self._process = None
        return ended

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

    def authentication(self, cluster: str) -> Path:
        """The file of its AuthenticationConfiguration (JSON); who joins it to a fleet replaces it by `write_private`.

        The API server reads it anew when it changes: see its log for what it thinks of it.
        """
        return self.folder.cluster(cluster).authentication

    def hang(self, cluster: str) -> None:
        """Stop the API server's process: connections stay open, nothing is answered."""
        self._fault(Fault.HANG, cluster)

    def resume(self, cluster: str) -> None:
        """Undo `hang`."""
        self._fault(Fault.CONTINUE, cluster)

    def kill(self, cluster: str) -> None:
        """Kill the API server: connections are refused. Its data stay."""
        self._fault(Fault.KILL, cluster)

    def restart(self, cluster: str) -> None:
        """Start the API server again on its old data, and wait until it is ready."""
        self._fault(Fault.RESTART, cluster)

    def delay(self, cluster: str, milliseconds: int) -> None:
        """Hold up everything by so much in each direction."""
        self._fault(Fault.DELAY, cluster, Extent(milliseconds=milliseconds))

    def cut(self, cluster: str) -> None:
        """Reset all connections, and every new one."""
        self._fault(Fault.CUT, cluster)

    def blackhole(self, cluster: str) -> None:
        """Swallow everything: connections are made, and nothing comes through."""
        self._fault(Fault.BLACKHOLE, cluster)

    def expire(self, cluster: str) -> None:
        """Have the API server present a certificate that has expired."""
        self._fault(Fault.EXPIRE, cluster)

    def read_only(self, cluster: str) -> None:
        """Raise etcd's alarm for want of space: what is there can be read, nothing can be written."""
        self._fault(Fault.READ_ONLY, cluster)

    def refuse(self, cluster: str) -> None:
        """Have an admission webhook refuse every workload (Deployments and the like, Jobs) that is made or changed."""
        self._fault(Fault.REFUSE, cluster)

    def exhaust(self, cluster: str, namespace: str = "default") -> None:
        """Leave no pod to a namespace, by a ResourceQuota."""
        self._fault(Fault.EXHAUST, cluster, Extent(namespace=namespace))

    def not_ready(self, cluster: str, nodes: int = 1) -> None:
        """Have so many nodes, the first by name, report that they are not ready."""
        self._fault(Fault.NOT_READY, cluster, Extent(nodes=nodes))

    def unschedulable(self, cluster: str) -> None:
        """Cordon all nodes: pods that run stay, new ones stay pending."""
        self._fault(Fault.UNSCHEDULABLE, cluster)

    def skew(self, cluster: str, seconds: int = 600) -> Kubeconfig:
        """Access, to view, with a token whose issuer's clock is so many seconds fast (negative: slow)."""
        self._fault(Fault.SKEW, cluster, Extent(seconds=seconds))
        return Kubeconfig(cluster, str(self.folder.cluster(cluster).kubeconfig(ACCOUNT)))

    def heal(self, cluster: str) -> None:
        """Undo all of these but `hang` and `kill`."""
        self._fault(Fault.HEAL, cluster)

    def audit(self, cluster: str, since: int = 0) -> Iterator[Mapping[str, Any]]:
        """The events of the API server's audit log so far, from number `since` on, in its order."""
        return read_events(self.folder.cluster(cluster).audit_log, since)

    def audited(self, cluster: str) -> int:
        """How many events the audit log holds so far: a `since` for what comes from now on."""
        return count_events(self.folder.cluster(cluster).audit_log)

    def writes(self, cluster: str, since: int = 0) -> tuple[Write, ...]:
        """Mutating requests that were not the cluster's own, from event number `since` on."""
        return writes_in(self.audit(cluster, since))

    def __enter__(self) -> Self:
        self._start(tied=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self.down()

    def _fault(self, fault: Fault, cluster: str, extent: Extent = AS_USUAL) -> None:
        inflict_on(self.folder, fault, cluster, extent)

    def _start(self, *, tied: bool) -> bool:
        programs = ensure(*_PROGRAMS, progress=self._progress)
        paths = {name: program.path for name, program in programs.items()}
        self._process = launch(self.folder, self.name, self.spec, paths, tied=tied)
        return self._process is not None
