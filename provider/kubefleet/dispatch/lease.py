"""Leases of shards: a cluster with which nobody is in touch stops by itself what it has of a job.

A shard's Job gets `activeDeadlineSeconds`, and whoever drives the job moves that on while the cluster answers. When
nobody does, its own Job controller ends the Job, and its pods with it: only then do others get its indexes. That relies
on that controller, and of clocks on how fast they go. A Job in a queue of Kueue's has no lease: one that is let run
again would count from there.
"""

import math
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from immutabledict import immutabledict

from kubefleet.dispatch.owned import change
from kubefleet.jobs.account import Account, JobSeen, Seen, Shard
from kubefleet.jobs.shard_job import WholeJob, shard_name
from kubefleet.jobs.template import limit_of
from kubefleet.kube import Connection, MemberError, Unreachable, fan_out
from kubefleet.kube.clock import seconds_ahead

SLACK: Final = 10.0
"""Seconds. A cluster's clock is read within two, Jobs start at whole ones, a controller takes a moment to see it."""
_GRACE: Final = 30
_PART: Final = 4
"""A lease is extended when a fourth of it has passed."""


@dataclass(frozen=True, slots=True)
class LeaseRule:
    """`seconds` is the lease, None without one; `own` the template's own `activeDeadlineSeconds`, which holds too;
    `grace` what its pods may take to stop.
    """

    seconds: int | None = None
    own: int | None = None
    grace: int = _GRACE

    def limit(self, elapsed: float = 0) -> int | None:
        """The `activeDeadlineSeconds` of a Job that started so many seconds ago."""
        ends = [] if self.seconds is None else [math.ceil(max(elapsed, 0)) + self.seconds]
        return min((*ends, *([] if self.own is None else [self.own])), default=None)

    def until(self, now: float) -> float:
        """When all has surely stopped that is extended at `now`."""
        return math.inf if self.seconds is None else now + self.seconds + self.grace + SLACK

    def is_due(self, leased: float | None, jobs: Collection[JobSeen], now: float) -> bool:
        """Whether these running Jobs of a cluster are to be extended."""
        if self.seconds is None:
            return any(job.limit != self.own for job in jobs)
        return leased is None or self.until(now) - leased >= self.seconds / _PART


def lease_rule(template: Mapping[str, Any], seconds: int | None) -> LeaseRule:
    """That of a job of this template."""
    spec = template.get("spec") or {}
    pod = (spec.get("template") or {}).get("spec") or {}
    grace = pod.get("terminationGracePeriodSeconds")
    return LeaseRule(seconds, limit_of(template), _GRACE if grace is None else int(grace))


def run_out(leased: Mapping[str, float], clusters: Collection[str], now: float) -> frozenset[str]:
    """Those of some clusters where nothing can run any more, by `leased` as `Leases` has it."""
    return frozenset(name for name in clusters if now > leased.get(name, math.inf))


class Leases:
    """Those of one job's shards.

    `leased` says, in seconds of our clock, when all has surely stopped on each cluster where that is known, for whoever
    keeps the account to keep beside it. It is not known where something was planned that was not seen to have started:
    that may start whenever its cluster gets to it.
    """

    def __init__(
        self, job: WholeJob, rule: LeaseRule, leased: Mapping[str, float], clock: Callable[[], float] = time.time
    ) -> None:
        self.job = job
        self.rule = rule
        self.leased: Mapping[str, float] = immutabledict(leased)
        self._clock = clock

    def forget(self, clusters: Collection[str]) -> None:
        """These are about to get something more."""
        self.leased = immutabledict({name: at for name, at in self.leased.items() if name not in clusters})

    def extend(
        self, account: Account, seen: Seen, connect: Callable[[str], Connection], keep: Callable[[], None]
    ) -> dict[str, str]:
        """Move on the end of all that is seen to run, where it is time; `keep` is called before, if that changes what
        is to be kept. Why clusters refuse; one that falls silent does not.
        """
        now = self._clock()
        there = {name: _shards(account, name) for name in sorted(seen)}
        running = {
            name: [job for job in seen[name] if job.uid in there[name] and job.started_at and not job.ended]
            for name in there
        }
        todo = [name for name in there if self.rule.is_due(self.leased.get(name), running[name], now)]
        sure = [name for name in todo if set(there[name]) <= {job.uid for job in running[name]}]
        before = self.leased
        self.forget(todo)
        if self.rule.seconds is not None:
            self.leased = immutabledict({**self.leased, **dict.fromkeys(sure, self.rule.until(now))})
        if self.leased != before:
            keep()

        def work(name: str) -> None:
            connection = connect(name)
            theirs = now + seconds_ahead(connection)
            for job in running[name]:
                limit = self.rule.limit(theirs - job.started_at)
                if limit != job.limit:
                    set_limit(connection, self.job, shard_name(self.job, there[name][job.uid]), job.uid, limit)

        busy = [name for name in todo if running[name]]
        return {
            name: why for name, outcome in zip(busy, fan_out(busy, work), strict=True) if (why := _why(outcome.error))
        }


def set_limit(connection: Connection, job: WholeJob, name: str, uid: str, limit: int | None) -> None:
    """Of the Job with that uid; where it is gone, or another one has its name, nothing is done. Raises as `Connection`
    does.
    """
    path = f"/apis/batch/v1/namespaces/{job.namespace}/jobs/{name}"
    change(connection, path, uid, {"activeDeadlineSeconds": limit})


def _shards(account: Account, cluster: str) -> dict[str, Shard]:
    """Those that may do something there, by uid, which is empty while one is only planned."""
    return {shard.uid: shard for shard in account.shards if shard.cluster == cluster and shard.is_open}


def _why(error: Exception | None) -> str:
    if error is not None and not isinstance(error, MemberError):
        raise error
    return "" if error is None or isinstance(error, Unreachable) else str(error)
