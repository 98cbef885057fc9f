"""What is done when a job is over and its results are written down."""

import time
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from kubefleet.dispatch.owned import change, delete, read
from kubefleet.dispatch.round import JobTask
from kubefleet.dispatch.shards import collection
from kubefleet.jobs.kinds import kind_of
from kubefleet.jobs.shard_job import JOB_LABEL
from kubefleet.jobs.verdict import JobPhase
from kubefleet.kube import Connection, MemberError, fan_out
from kubefleet.kube.answer import Json

_WITHIN: Final = 15.0
_TTL: Final = "ttlSecondsAfterFinished"


def finish(task: JobTask, phase: JobPhase) -> list[str]:
    """Nothing while it runs. Of one that is over no pods run on, and nobody has rights any more; a line for each member
    where that failed.
    """
    if phase is JobPhase.RUNNING:
        return []
    return [*(_let_go(task) if phase is JobPhase.COMPLETE else _stop_rest(task)), *give_back(task)]


def _stop_rest(task: JobTask) -> list[str]:
    """Where it has failed its Jobs fail too, and Kubernetes ends the pods that still run; others stay, with their logs.
    One of another kind has failed as a whole.
    """
    if kind_of(task.job.template) is not None:
        return []
    outcomes = fan_out(task.members, lambda name: _end(_soon(task, name), task), max_parallel=task.max_parallel)
    return [f"its pods may run on: {why}" for why in _errors(outcome.error for outcome in outcomes)]


def _let_go(task: JobTask) -> list[str]:
    """Its Jobs live for as long after their end as the template says (`ttlSecondsAfterFinished`), which until now they
    were not told: what is removed before it was read is done again.
    """
    seconds, kind = (task.job.template.get("spec") or {}).get(_TTL), kind_of(task.job.template)
    if seconds is None or (kind is not None and _TTL not in kind.without):
        return []
    outcomes = fan_out(
        task.members, lambda name: _tell(_soon(task, name), task, seconds), max_parallel=task.max_parallel
    )
    return [f"its Jobs stay: {why}" for why in _errors(outcome.error for outcome in outcomes)]


def give_back(task: JobTask, given_up: Collection[str] = ()) -> list[str]:
    """The rights that it had, where the fleet hands them out, but for members that are given up. A line for each where
    that failed.
    """
    acting = task.acting
    if acting is None:
        return []
    names = [name for name in task.members if name not in given_up]
    outcomes = fan_out(names, lambda name: acting.withdraw([name]), max_parallel=task.max_parallel)
    return [f"its rights stay: {why}" for why in _errors(outcome.error for outcome in outcomes)]


def _soon(task: JobTask, name: str) -> Connection:
    return task.connect(name).by(time.monotonic() + _WITHIN)


def _tell(connection: Connection, task: JobTask, seconds: int) -> None:
    for path, item in _its_jobs(connection, task):
        change(connection, path, item["metadata"]["uid"], {_TTL: seconds})


def _end(connection: Connection, task: JobTask) -> None:
    for path, item in _its_jobs(connection, task):
        uid = item["metadata"]["uid"]
        if read(connection, None, item).ended:
            continue
        if item["spec"].get("suspend"):
            # It has no pods; its time does not run, so it would never end.
            delete(connection, path, uid, "Background")
        else:
            change(connection, path, uid, {"activeDeadlineSeconds": 1})


def _its_jobs(connection: Connection, task: JobTask) -> Iterator[tuple[str, Json]]:
    path = collection(task.job)
    for item in connection.list(path, labelSelector=f"{JOB_LABEL}={task.job.uid}"):
        yield f"{path}/{item['metadata']['name']}", item


def _errors(errors: Iterable[BaseException | None]) -> Iterator[str]:
    """What members say. Raises what is no member's fault."""
    for error in errors:
        if isinstance(error, MemberError):
            yield str(error)
        elif error is not None:
            raise error
