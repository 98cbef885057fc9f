"""How far a job is, in a line."""

from dataclasses import dataclass, field

from kubefleet.jobs.account import Account
from kubefleet.report.duration_text import duration_text


@dataclass(slots=True)
class JobProgress:
    """Of one job, while somebody looks: how long the rest takes is told by how fast it goes."""

    began: float
    _first: int | None = field(default=None, init=False)

    def line(self, account: Account, now: float) -> str:
        """`4000/10000 indexes done, 5990 with eu-1, us-1, 10 failed, about 12m left`. `now` and `began` are moments of
        the same clock, in seconds.
        """
        done = len(account.done)
        if self._first is None:
            self._first = done
        parts = [f"{done}/{account.total} indexes done"]
        if flying := account.in_flight:
            names = sorted({shard.cluster for shard in account.shards if shard.is_open and shard.indexes & flying})
            parts.append(f"{len(flying)} with {', '.join(names)}")
        if failed := sum(len(indexes) for indexes in account.failed_on.values()):
            parts.append(f"{failed} failed")
        if done > self._first and done < account.total:
            left = (account.total - done) * (now - self.began) / (done - self._first)
            parts.append(f"about {duration_text(round(left))} left")
        return ", ".join(parts)
