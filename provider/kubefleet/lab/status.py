"""What a lab says about itself. It goes through the control socket as JSON, so every value is plain."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class LabPhase(StrEnum):
    """How far a lab is."""

    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """One program of a cluster; `state` is `running`, `hung` or `ended`."""

    name: str
    pid: int
    state: str


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """One cluster. `server` is its address behind the proxy; `faults` is what is being done to it, in words."""

    name: str
    role: str
    server: str
    ready: bool
    labels: dict[str, str]
    nodes: int
    faults: tuple[str, ...]
    processes: tuple[ProcessStatus, ...]


@dataclass(frozen=True, slots=True)
class LabStatus:
    """A running lab. `pid` is the supervisor's, which owns every process."""

    name: str
    folder: str
    phase: LabPhase
    pid: int
    kubeconfig: str
    clusters: tuple[ClusterStatus, ...]


def parse_status(raw: dict[str, Any]) -> LabStatus:
    """A status from what `dataclasses.asdict` made of it."""
    clusters = tuple(
        ClusterStatus(
            **{
                **cluster,
                "faults": tuple(cluster["faults"]),
                "processes": tuple(ProcessStatus(**process) for process in cluster["processes"]),
            }
        )
        for cluster in raw["clusters"]
    )
    return LabStatus(**{**raw, "phase": LabPhase(raw["phase"]), "clusters": clusters})
