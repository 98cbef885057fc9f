"""What the object of a shard says of it."""

from collections.abc import Mapping
from typing import Any

from kubefleet.jobs.account import JobSeen
from kubefleet.jobs.indexes import NONE, parse_indexes, span
from kubefleet.jobs.kinds import JobKind, ObjectPhase
from kubefleet.jobs.shard_job import GENERATION, QUEUE, SHARD


def read_shard(kind: JobKind | None, item: Mapping[str, Any]) -> JobSeen:
    """A Job of Kubernetes' own (None), or an object of another kind, whose only index is 0.

    Raises ValueError where it is none.
    """
    return _read_job(item) if kind is None else _read_whole(kind, item)


def queue_of(item: Mapping[str, Any]) -> str:
    """The queue of Kueue's that holds it: it is suspended, as long as that does not let it run."""
    held = (item.get("spec") or {}).get("suspend") is True
    return str((item["metadata"].get("labels") or {}).get(QUEUE, "")) if held else ""


def _read_job(item: Mapping[str, Any]) -> JobSeen:
    status = item.get("status") or {}
    size = int((item.get("spec") or {}).get("completions") or 0)
    completed = parse_indexes(str(status.get("completedIndexes") or ""), size)
    failed = parse_indexes(str(status.get("failedIndexes") or ""), size)
    over = {condition["type"] for condition in status.get("conditions") or () if condition.get("status") == "True"}
    if "Failed" in over:
        # What ends as a whole has failed in all that it had left.
        failed = span(0, size) - completed
    ended = bool(over & {"Complete", "Failed"})
    started = bool(completed or failed or ended or status.get("ready"))
    return JobSeen(*_borne(item), completed, failed, ended, started)


def _read_whole(kind: JobKind, item: Mapping[str, Any]) -> JobSeen:
    phase, all_of_it = kind.phase(item), span(0, 1)
    done, failed = phase is ObjectPhase.DONE, phase is ObjectPhase.FAILED
    completed = all_of_it if done else NONE
    wrong = all_of_it if failed else NONE
    return JobSeen(*_borne(item), completed, wrong, done or failed, phase is not ObjectPhase.WAITING)


def _borne(item: Mapping[str, Any]) -> tuple[str, int, str]:
    """Its uid, and the generation and the token that it bears."""
    metadata = item["metadata"]
    annotations = metadata.get("annotations") or {}
    return str(metadata["uid"]), int(annotations.get(GENERATION, "0")), str(annotations.get(SHARD, ""))
