"""What is to be done next for a job, by its account and what the clusters have of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from kubefleet.jobs.account import Account, JobSeen, Seen, Shard, ShardState
from kubefleet.jobs.assign import assign
from kubefleet.jobs.divide import Demand, DivideJobBy, Site, divide_job
from kubefleet.jobs.global_index import tellable
from kubefleet.jobs.indexes import NONE, Indexes


@dataclass(frozen=True, slots=True)
class Fence:
    """Delete the Job with this uid, and wait until its pods are gone: others have its indexes."""

    cluster: str
    uid: str
    generation: int


@dataclass(frozen=True, slots=True)
class Create:
    """Create the Job of a shard; where one of its name is there already that is it."""

    shard: Shard

    @property
    def cluster(self) -> str:
        """The shard's."""
        return self.shard.cluster


def steps(account: Account, seen: Seen) -> tuple[Fence | Create, ...]:
    """Fences first; nothing is created on a cluster that still has something to be fenced. Only on clusters that were
    `seen`.
    """
    fences = tuple(
        Fence(cluster, job.uid, job.generation)
        for cluster in sorted(seen)
        for job in sorted(seen[cluster], key=lambda job: (job.generation, job.uid))
        if not _is_wanted(account, cluster, job)
    )
    busy = {fence.cluster for fence in fences}
    creates = (
        Create(shard)
        for shard in account.shards
        if shard.state is ShardState.PLANNED and shard.cluster in seen and shard.cluster not in busy
    )
    return (*fences, *creates)


def _is_wanted(account: Account, cluster: str, job: JobSeen) -> bool:
    """A Job that ended stays until its time to live is over: it does nothing."""
    return any(
        (shard.cluster, shard.generation) == (cluster, job.generation)
        and (shard.uid == job.uid if shard.uid else shard.token == job.token)
        and shard.state is not ShardState.LOST
        for shard in account.shards
    )


def to_begin(account: Account, demand: Demand) -> int | None:
    """How many more may run at once: a shard that is nearly done needs no more than it has left. None: as many as there
    is room for.
    """
    if demand.parallelism is None:
        return None
    running = (
        min(shard.slots, len(shard.indexes - shard.completed - shard.failed))
        for shard in account.shards
        if shard.is_open
    )
    return max(0, demand.parallelism - sum(running))


def next_parts(
    account: Account, by: DivideJobBy, sites: Sequence[Site], demand: Demand
) -> Mapping[str, tuple[Indexes, int]]:
    """What the next generation has: the indexes that nobody works on, divided over the sites that are not closed; one
    that has failed goes to a cluster where it has not. At most one shard on each cluster. `demand` is the whole job's:
    what would be too many at once is left for a later generation.

    Raises DoesNotFit where one of them fits nowhere.
    """
    open_sites = [site for site in sites if site.cluster not in account.closed]
    found: dict[str, tuple[Indexes, int]] = {}
    may_begin = to_begin(account, demand)
    for excluded, indexes in _groups(account, account.holes([site.cluster for site in sites])):
        allowed = [site for site in open_sites if site.cluster not in excluded]
        given = sum(slots for _, slots in found.values())
        at_once = None if may_begin is None else may_begin - given
        if at_once is not None and at_once <= 0:
            break
        parts = divide_job(by, allowed, Demand(len(indexes), at_once, demand.deadline))
        counts = {name: part.count for name, part in parts.items()}
        for name, mine in assign(counts, indexes).items():
            more = found.get(name, (NONE, 0))
            found[name] = (more[0] | mine, max(more[1], parts[name].slots))
    return {name: (tellable(indexes), slots) for name, (indexes, slots) in found.items()}


def _groups(account: Account, holes: Indexes) -> Sequence[tuple[Collection[str], Indexes]]:
    """The indexes by the clusters on which they have failed."""
    groups: list[tuple[frozenset[str], Indexes]] = [(frozenset(), holes)]
    for cluster, failed in sorted(account.failed_on.items()):
        groups = [
            part
            for names, indexes in groups
            for part in ((names, indexes - failed), (names | {cluster}, indexes & failed))
            if part[1]
        ]
    return [group for group in groups if group[1]]
