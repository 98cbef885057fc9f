"""How a job stands."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from kubefleet.jobs.account import Account
from kubefleet.jobs.indexes import format_indexes, lowest
from kubefleet.jobs.success import failed_too_many, succeeded

_SHOWN: Final = 5
_WRONG: Final = 2
"""So many clusters on which most of the first indexes fail mean that the job is wrong, not they."""


class JobPhase(StrEnum):
    """What becomes of a job."""

    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A phase, and why where it is not complete."""

    phase: JobPhase
    reason: str = ""


_NO_RULES: Final[Mapping[str, Any]] = {}


def verdict(account: Account, clusters: Collection[str], template: Mapping[str, Any] = _NO_RULES) -> Verdict:
    """Complete when every index is done, or enough by the template's rules and nothing of the rest is to run any more;
    failed when the job is wrong, when more indexes have failed wherever they may than the template bears, or when
    nobody works on it any more and some have. `clusters` are all that could have some of it.
    """
    if len(account.done) == account.total:
        return Verdict(JobPhase.COMPLETE)
    if succeeded(template, account.done):
        if not any(shard.is_open for shard in account.shards):
            return Verdict(JobPhase.COMPLETE)
        return Verdict(JobPhase.RUNNING, f"enough of its indexes are done ({len(account.done)}), the rest is stopped")
    if len(account.closed) >= _WRONG:
        names = ", ".join(sorted(account.closed))
        return Verdict(JobPhase.FAILED, f"most of its first indexes fail on {names}: the job itself is wrong")
    failed = account.given_up(clusters)
    if failed_too_many(template, failed):
        return Verdict(JobPhase.FAILED, f"{len(failed)} indexes have failed for good, more than its maxFailedIndexes")
    if failed and not account.in_flight and not account.holes(clusters):
        more = f" and {len(failed) - _SHOWN} more" if len(failed) > _SHOWN else ""
        tried = ", ".join(sorted(account.failed_on))
        told = f"indexes {format_indexes(lowest(failed, _SHOWN))}{more}"
        return Verdict(JobPhase.FAILED, f"{told} have failed on {tried}")
    return Verdict(JobPhase.RUNNING, f"{len(account.done)}/{account.total} indexes are done")
