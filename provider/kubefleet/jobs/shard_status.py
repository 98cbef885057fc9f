"""What the object of a shard says of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kubefleet.jobs.account import JobSeen
from kubefleet.jobs.indexes import NONE, parse_indexes, span
from kubefleet.jobs.kinds import JobKind, ObjectPhase
from kubefleet.jobs.shard_job import GENERATION, QUEUE, SHARD


def read_shard(kind: JobKind | None, item: Mapping[str, Any], own: int | None = None) -> JobSeen:
    """A Job of Kubernetes' own (None), or an object of another kind, whose only index is 0. `own` is the
    `activeDeadlineSeconds` of its template.

    Raises ValueError where it is none.
    """
    return _read_job(item, own) if kind is None else _read_whole(kind, item)


def queue_of(item: Mapping[str, Any]) -> str:
    """The queue of Kueue's that holds it: it is suspended, as long as that does not let it run."""
    held = (item.get("spec") or {}).get("suspend") is True
    return str((item["metadata"].get("labels") or {}).get(QUEUE, "")) if held else ""


def _read_job(item: Mapping[str, Any], own: int | None) -> JobSeen:
    spec, status = item.get("spec") or {}, item.get("status") or {}
    size, limit = int(spec.get("completions") or 0), spec.get("activeDeadlineSeconds")
    completed = parse_indexes(str(status.get("completedIndexes") or ""), size)
    failed = parse_indexes(str(status.get("failedIndexes") or ""), size)
    holding = [condition for condition in status.get("conditions") or () if condition.get("status") == "True"]
    over = {condition["type"]: condition.get("reason") for condition in holding}
    if "Failed" in over and (over["Failed"] != "DeadlineExceeded" or limit == own):
        # What ends as a whole has failed in all that it had left; not where only its lease has run out.
        failed = span(0, size) - completed
    ended = "Complete" in over or "Failed" in over
    started = bool(completed or failed or ended or status.get("ready"))
    # What Kueue holds may start anew at any time.
    since = None if QUEUE in (item["metadata"].get("labels") or {}) else status.get("startTime")
    started_at = datetime.fromisoformat(since).timestamp() if since else 0
    return JobSeen(*_borne(item), completed, failed, ended, started, started_at=started_at, limit=limit)


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
