"""How jobs stand, as rows of a table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kubefleet.jobs.account import Account, Seen, Shard
from kubefleet.jobs.indexes import NONE, format_indexes
from kubefleet.jobs.plan import JobRequest
from kubefleet.jobs.record import JobRecord
from kubefleet.jobs.shard_job import WholeJob, shard_name
from kubefleet.jobs.verdict import Verdict


@dataclass(frozen=True, slots=True)
class JobRow:
    """One job: `left` is in how many seconds all may be over, where that can be told; `why`, by member, is what keeps
    one from saying what it has.
    """

    fleet: str
    job: str
    verdict: Verdict
    record: JobRecord
    left: int | None
    why: Mapping[str, str]

    @property
    def name(self) -> str:
        """`<fleet>/<job>`."""
        return f"{self.fleet}/{self.job}"

    @property
    def account(self) -> Account:
        """Its account."""
        return self.record.account

    @property
    def failed(self) -> int:
        """How many indexes have failed, on whatever cluster, and are not done."""
        return len(NONE.union(*self.account.failed_on.values()))

    @property
    def clusters(self) -> tuple[str, ...]:
        """Those that work on it now; of one that is over those that have."""
        working = {shard.cluster for shard in self.account.shards if shard.is_open}
        return tuple(sorted(working or {shard.cluster for shard in self.account.shards}))


def seconds_left(account: Account, seen: Seen, request: JobRequest, now: float) -> int | None:
    """Until the slowest shard is done: as fast as it has been, or as the program says where it has done nothing yet.
    None where nobody knows, as long as some indexes are with nobody. `now` is in unix seconds.
    """
    if account.idle:
        return None
    running = {(name, job.uid): job.started_at for name, jobs in seen.items() for job in jobs}
    longest = 0.0
    for shard in account.shards:
        left = len(shard.indexes - shard.failed - account.done) if shard.is_open else 0
        ran = now - started if (started := running.get((shard.cluster, shard.uid), 0)) else 0
        duration = request.durations.get(shard.cluster, request.duration) / 1000
        a_second = len(shard.completed) / ran if shard.completed and ran > 0 else shard.slots / duration
        longest = max(longest, left / a_second if left else 0)
    return round(longest)


def job_data(row: JobRow) -> dict[str, Any]:
    """The row as plain data."""
    account = row.account
    return {
        "fleet": row.fleet,
        "job": row.job,
        "phase": str(row.verdict.phase),
        "reason": row.verdict.reason,
        "total": account.total,
        "done": len(account.done),
        "running": len(account.in_flight),
        "failed": row.failed,
        "secondsLeft": row.left,
        "generation": account.generation,
        "clusters": list(row.clusters),
        "notSaying": dict(sorted(row.why.items())),
        "silentSince": dict(sorted(row.record.silent.items())),
        "shards": [_shard(shard) for shard in account.shards],
    }


def _shard(shard: Shard) -> dict[str, Any]:
    return {
        "cluster": shard.cluster,
        "generation": shard.generation,
        "state": str(shard.state),
        "indexes": format_indexes(shard.indexes),
        "count": len(shard.indexes),
        "atOnce": shard.slots,
        "done": len(shard.completed),
        "failed": len(shard.failed),
    }


@dataclass(frozen=True, slots=True)
class IndexPlace:
    """Where one index runs, or has run: the Job of its shard there, which counts it as `local`. `state` in a word."""

    cluster: str
    namespace: str
    job: str
    local: int
    state: str

    @property
    def selector(self) -> str:
        """The labels of its pods."""
        return f"batch.kubernetes.io/job-name={self.job},batch.kubernetes.io/job-completion-index={self.local}"


def places_of(account: Account, job: WholeJob, index: int) -> list[IndexPlace]:
    """The last one first; none where it is with nobody yet."""
    return [
        IndexPlace(
            shard.cluster,
            job.namespace,
            shard_name(job, shard),
            shard.indexes.rank(index) - 1,
            _state_of(shard, index),
        )
        for shard in sorted(account.shards, key=lambda shard: (-shard.generation, shard.cluster))
        if index in shard.indexes
    ]


def _state_of(shard: Shard, index: int) -> str:
    if index in shard.completed:
        return "done"
    if index in shard.failed:
        return "failed"
    return str(shard.state)
