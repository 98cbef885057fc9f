"""The jobs of a Pulumi stack, read from its state."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kubefleet.cli._stack import exit_with, run_pulumi
from kubefleet.spec.mistakes import did_you_mean

_TYPE: Final = "pulumi-python:dynamic/kubefleet:Dispatch"
_SPECIAL: Final = "4dabf18193072939515e22adb298388d"
_HIDDEN: Final = "[secret]"


@dataclass(frozen=True, slots=True)
class StackJob:
    """One job: what its `Dispatch` has put out last."""

    fleet: str
    name: str
    outputs: Mapping[str, Any]

    @property
    def full(self) -> str:
        """`<fleet>/<job>`."""
        return f"{self.fleet}/{self.name}"

    @property
    def is_dispatched(self) -> bool:
        """Whether there is anything of it on clusters."""
        return "account" in self.outputs


def read_jobs(folder: Path, stack: str, wanted: str = "", *, secrets: bool = False) -> tuple[StackJob, ...]:
    """Those of a stack, by name, or the one that is wanted. Exits with one line where there is none. Values that are
    secret are only there where `secrets` says so: whoever creates something needs them.
    """
    state = json.loads(run_pulumi(folder, stack, "stack", "export", *(["--show-secrets"] if secrets else [])))
    resources = (state.get("deployment") or {}).get("resources") or ()
    outputs = [_plain(item.get("outputs") or {}) for item in resources if item.get("type") == _TYPE]
    jobs = [StackJob(found["fleet"], found["job"], found) for found in outputs if "job" in found]
    if not jobs:
        exit_with(
            f"the stack in `{folder.resolve()}` has no job (expected one after `pulumi up`). Run `pulumi up` first."
        )
    jobs = sorted(jobs, key=lambda job: job.full)
    if not wanted:
        return tuple(jobs)
    chosen = [job for job in jobs if wanted in (job.name, job.full)]
    if len(chosen) != 1:
        hint = did_you_mean(wanted, [job.name for job in jobs])
        exit_with(f"no job `{wanted}` (expected one of {', '.join(job.full for job in jobs)}).{hint}")
    return tuple(chosen)


def _plain(value: Any) -> Any:
    """Without the marks of secrets (`sdk/go/common/resource/sig.go` in Pulumi)."""
    if isinstance(value, Mapping):
        if _SPECIAL in value:
            return _plain(json.loads(value["plaintext"])) if "plaintext" in value else _HIDDEN
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
