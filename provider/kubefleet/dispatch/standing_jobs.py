"""Which jobs of any fleet are at work on members."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from kubefleet.dispatch.owned import read
from kubefleet.jobs.kinds import kind_of
from kubefleet.jobs.shard_job import JOB_LABEL
from kubefleet.kube import ApiError, Connection, MemberError, fan_out

_WITHIN: Final = 5.0


def standing_jobs(
    connect: Callable[[str], Connection], members: Sequence[str], apis: Collection[str]
) -> tuple[frozenset[str], Mapping[str, str]]:
    """The uids of those with an object of these kinds (`batch/v1/Job`) that is not over, and why of members that do not
    say.
    """

    def look(name: str) -> frozenset[str]:
        connection = connect(name).by(time.monotonic() + _WITHIN)
        return frozenset(uid for api in sorted(apis) for uid in _standing(connection, api))

    found: frozenset[str] = frozenset()
    silent: dict[str, str] = {}
    for name, outcome in zip(members, fan_out(members, look), strict=True):
        if isinstance(outcome.error, MemberError):
            silent[name] = str(outcome.error)
        else:
            found |= outcome.get()
    return found, silent


def _standing(connection: Connection, api: str) -> Iterator[str]:
    version, _, name = api.rpartition("/")
    kind = kind_of({"apiVersion": version, "kind": name})
    try:
        for item in connection.list(f"/apis/{version}/{kind.plural if kind else 'jobs'}", labelSelector=JOB_LABEL):
            if not read(connection, kind, item).ended:
                yield _job_of(item)
    except ApiError as error:
        if kind is None or error.status != 404:
            raise


def _job_of(item: Mapping[str, Any]) -> str:
    return str(item["metadata"]["labels"][JOB_LABEL])
