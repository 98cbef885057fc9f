"""A job between two `pulumi up`s: driven until it is over, with its account and the lease on a hub."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from kubefleet.dispatch.drive import Driven, drive
from kubefleet.dispatch.finish import finish
from kubefleet.dispatch.gang_round import GangTask
from kubefleet.dispatch.hub_lease import LeaseLost
from kubefleet.dispatch.hub_work import HubWork
from kubefleet.dispatch.round import JobTask
from kubefleet.jobs.account import Account
from kubefleet.jobs.options import JobOptions, WaitFor
from kubefleet.jobs.record import JobRecord
from kubefleet.kube import ApiError, Connection, MemberError, Unreachable
from kubefleet.kube.pause import pause

_FOREVER: Final = 10 * 365 * 24 * 3600
_AGAIN: Final = 5.0
_BUSY: Final = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Watched:
    """A job as an `up` has left it: `known` is its record; `driven` gives what drives it from a later one on."""

    uid: str
    known: JobRecord
    options: JobOptions
    driven: Callable[[JobRecord, HubWork], tuple[JobTask, GangTask | None]]


def watch_job(
    job: Watched,
    hub: Connection,
    namespace: str,
    *,
    once: bool = False,
    tell: Callable[[Account, str], None],
    warn: Callable[[str], None],
    cancelled: Callable[[], bool],
) -> Driven:
    """Rounds until the job is over, or one round if `once`. While the hub is away nothing is done, as another process
    could be at work by then; when it is back this goes on.

    Raises Held and Contended where another process is at work, Cancelled, and whatever else the hub refuses.
    """
    while True:
        try:
            with HubWork(hub, namespace, job.uid) as work:
                return _run(job, work, once, tell, warn, cancelled)
        except MemberError as error:
            if once or error.member != hub.name or not _passes(error):
                raise
            warn(f"it waits for the hub: {error}")
        pause(hub.name, hub.patience, _AGAIN)


def _run(
    job: Watched,
    work: HubWork,
    once: bool,
    tell: Callable[[Account, str], None],
    warn: Callable[[str], None],
    cancelled: Callable[[], bool],
) -> Driven:
    known = work.load(job.known) or job.known
    work.begin(known)
    task, gang = job.driven(known, work)
    options = replace(job.options, wait=WaitFor.COMPLETED, timeout=0 if once else _FOREVER)
    done = drive(task, known, options, tell=tell, cancelled=cancelled, gang=gang)
    kept = work.keep(done.kept)
    for line in finish(task, done.job):
        warn(line)
    return replace(done, kept=kept)


def _passes(error: MemberError) -> bool:
    return isinstance(error, Unreachable | LeaseLost) or (isinstance(error, ApiError) and error.status in _BUSY)
