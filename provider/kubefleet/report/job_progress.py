"""How far a job is, in a line."""

from dataclasses import dataclass, field

from kubefleet.jobs.account import Account
from kubefleet.report.duration_text import duration_text


@dataclass(slots=True)
class JobProgress:
    """Of one job, while somebody looks: how long the rest takes is told by how fast it has gone since then."""

    _seen: list[tuple[float, int]] = field(default_factory=list, init=False)
    """The first look, and the one at which something more was done."""

    def line(self, account: Account, now: float, gang: str = "") -> str:
        """`4000/10000 indexes done, 5990 with eu-1, us-1, 10 failed, about 12m left`. `now` is a moment of one clock,
        in seconds; `gang` is how far one is that does not run yet.
        """
        done = len(account.done)
        if not self._seen or (len(self._seen) == 1 and done > self._seen[0][1]):
            self._seen.append((now, done))
        parts = [f"{done}/{account.total} indexes done", *([gang] if gang else ())]
        if flying := account.in_flight:
            names = sorted({shard.cluster for shard in account.shards if shard.is_open and shard.indexes & flying})
            parts.append(f"{len(flying)} with {', '.join(names)}")
        if failed := sum(len(indexes) for indexes in account.failed_on.values()):
            parts.append(f"{failed} failed")
        since, before = self._seen[-1]
        if len(self._seen) > 1 and before < done < account.total:
            left = (account.total - done) * (now - since) / (done - before)
            parts.append(f"about {duration_text(max(1, round(left)))} left")
        return ", ".join(parts)
