"""Which jobs of any fleet are at work on members."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from kubefleet.jobs.shard_job import JOB_LABEL
from kubefleet.kube import Connection, MemberError, fan_out

_WITHIN: Final = 5.0
_OVER: Final = frozenset({"Complete", "Failed"})


def standing_jobs(
    connect: Callable[[str], Connection], members: Sequence[str]
) -> tuple[frozenset[str], Mapping[str, str]]:
    """The uids of those with a Job that is not over, and why of members that do not say."""

    def look(name: str) -> frozenset[str]:
        items = connect(name).by(time.monotonic() + _WITHIN).list("/apis/batch/v1/jobs", labelSelector=JOB_LABEL)
        return frozenset(item["metadata"]["labels"][JOB_LABEL] for item in items if not _is_over(item))

    found: frozenset[str] = frozenset()
    silent: dict[str, str] = {}
    for name, outcome in zip(members, fan_out(members, look), strict=True):
        if isinstance(outcome.error, MemberError):
            silent[name] = str(outcome.error)
        else:
            found |= outcome.get()
    return found, silent


def _is_over(item: Mapping[str, object]) -> bool:
    status = item.get("status")
    conditions = status.get("conditions") if isinstance(status, Mapping) else None
    return any(one.get("status") == "True" and one.get("type") in _OVER for one in conditions or ())
