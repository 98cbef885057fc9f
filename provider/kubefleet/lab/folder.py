"""Where everything of a lab lies: one folder, readable by its owner only."""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from kubefleet.lab.failure import LabError

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)


def labs_folder() -> Path:
    """The folder of all labs that were not given one of their own, in the user's folder for state (XDG)."""
    state = os.environ.get("XDG_STATE_HOME", "")
    return (Path(state) if state else Path.home() / ".local" / "state") / "pulumi-kubefleet" / "labs"


def write_private(path: Path, content: str | bytes) -> None:
    """Write a file that only its owner can read; it is complete or not there, also for who reads it meanwhile."""
    data = content.encode() if isinstance(content, str) else content
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    unfinished.replace(path)


@dataclass(frozen=True, slots=True)
class ClusterFolder:
    """The files of one cluster, or of the etcd that several share."""

    path: Path

    def make(self) -> None:
        """Make the folders."""
        for folder in (self.path, self.pki, self.logs):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def pki(self) -> Path:
        """Certificates and keys."""
        return self.path / "pki"

    @property
    def logs(self) -> Path:
        """One file a program."""
        return self.path / "logs"

    @property
    def etcd_data(self) -> Path:
        """What etcd keeps."""
        return self.path / "etcd"

    @property
    def audit_log(self) -> Path:
        """JSON lines, as the API server appends them."""
        return self.path / "audit.log"

    @property
    def authentication(self) -> Path:
        """AuthenticationConfiguration; the API server reads it anew when it changes."""
        return self.path / "authentication.yaml"

    @property
    def stages(self) -> Path:
        """What kwok plays."""
        return self.path / "stages.yaml"

    def kubeconfig(self, user: str) -> Path:
        """The file with which `user` reaches the API server."""
        return self.path / f"{user}.kubeconfig"


@dataclass(frozen=True, slots=True)
class LabFolder:
    """The files of one lab."""

    path: Path

    def cluster(self, name: str) -> ClusterFolder:
        """The folder of the cluster `name`."""
        return ClusterFolder(self.path / "clusters" / name)

    @property
    def etcd(self) -> ClusterFolder:
        """The folder of the etcd that all clusters share, if they do."""
        return ClusterFolder(self.path / "etcd")

    @property
    def kubeconfig(self) -> Path:
        """The merged kubeconfig; its contexts are the clusters' names."""
        return self.path / "kubeconfig"

    @property
    def lock(self) -> Path:
        """Held by the supervisor as long as it lives: who can take it knows that the lab does not run."""
        return self.path / "lock"

    @property
    def socket(self) -> Path:
        """Where the supervisor takes orders."""
        return self.path / "control.sock"

    @property
    def log(self) -> Path:
        """What the supervisor itself has to say."""
        return self.path / "supervisor.log"

    @property
    def error(self) -> Path:
        """Why the lab did not start, as one text for the user."""
        return self.path / "error.txt"

    def clear(self) -> None:
        """Remove what an earlier run has left there; the lock and the log stay."""
        for folder in (self.path / "clusters", self.etcd.path):
            shutil.rmtree(folder, ignore_errors=True)
        for file in (self.kubeconfig, self.socket, self.error):
            file.unlink(missing_ok=True)


def lab_folder(name: str, parent: Path | None = None) -> LabFolder:
    """The folder of the lab `name` in `parent`, by default the folder of all labs.

    Raises:
        LabError: no lab can be called so.
    """
    if not _NAME.fullmatch(name):
        raise LabError(
            f"bad name of a lab: `{name}` (expected at most 63 lower-case letters, digits and inner hyphens). "
            "Choose another one."
        )
    return LabFolder((parent or labs_folder()).resolve() / name)
