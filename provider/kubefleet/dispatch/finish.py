"""What is done when the results of a job are written down."""

import time
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from kubefleet.dispatch.round import JobTask
from kubefleet.dispatch.shards import collection
from kubefleet.jobs.kinds import kind_of
from kubefleet.jobs.shard_job import JOB_LABEL
from kubefleet.kube import ApiError, Connection, MemberError, fan_out
from kubefleet.kube.object_access import MERGE

_WITHIN: Final = 15.0
_TTL: Final = "ttlSecondsAfterFinished"


def let_go(task: JobTask) -> list[str]:
    """Its Jobs live for as long after their end as the template says (`ttlSecondsAfterFinished`), which until now they
    were not told: what is removed before it was read is done again. A line for each member where that failed.
    """
    seconds, kind = (task.job.template.get("spec") or {}).get(_TTL), kind_of(task.job.template)
    if seconds is None or (kind is not None and _TTL not in kind.without):
        return []

    def tell(name: str) -> None:
        _tell(task.connect(name).by(time.monotonic() + _WITHIN), task, seconds)

    outcomes = fan_out(task.members, tell, max_parallel=task.max_parallel)
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


def _tell(connection: Connection, task: JobTask, seconds: int) -> None:
    path = collection(task.job)
    for item in connection.list(path, labelSelector=f"{JOB_LABEL}={task.job.uid}"):
        try:
            body = {"spec": {_TTL: seconds}}
            connection.patch(f"{path}/{item['metadata']['name']}", body, MERGE)
        except ApiError as error:
            if error.status != 404:
                raise


def _errors(errors: Iterable[BaseException | None]) -> Iterator[str]:
    """What members say. Raises what is no member's fault."""
    for error in errors:
        if isinstance(error, MemberError):
            yield str(error)
        elif error is not None:
            raise error
