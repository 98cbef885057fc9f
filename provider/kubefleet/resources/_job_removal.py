"""A job that goes: cancelled on every member."""

import time
from typing import Final

from kubefleet.dispatch.finish import give_back
from kubefleet.dispatch.round import JobTask
from kubefleet.dispatch.shards import fence_shard, read_shards
from kubefleet.kube import MemberError, Unreachable, fan_out
from kubefleet.kube.hub import HUB
from kubefleet.kube.patience import Impatient, Patience
from kubefleet.resources import _engine
from kubefleet.resources._abandoned import ABANDON, abandoned
from kubefleet.resources._adapter import Props
from kubefleet.resources._job_change import nothing
from kubefleet.resources._job_hub import at_work, is_kept
from kubefleet.resources._job_task import job_task, record_of

_WITHIN: Final = 120.0
_FIRST: Final = 15.0


def cancel_everywhere(props: Props) -> None:
    """Delete its Jobs, and wait until none of its pods runs; then what the hub has of it goes too. A member, or the
    hub, that does not answer makes it fail, unless `KUBEFLEET_ABANDON` names it: what it has would run on. Raises
    OneLine.
    """
    if not props.get("plan"):
        return
    if HUB in abandoned():
        _cancel(props)
        return
    try:
        if not is_kept(props):
            _cancel(props)
            return
        with at_work(props) as work:
            _cancel(props)
            work.remove()
    except MemberError as error:
        if error.member != HUB:
            raise
        name = f"{props['fleet']}/{props['job']}"
        raise _engine.OneLine(f"{name} is not cancelled: {error}. Run again, or set {ABANDON}={HUB}") from error


def _cancel(props: Props) -> None:
    generation = record_of(props).account.generation if "account" in props else 0
    task, failures, left = job_task(props, nothing, generation), [], dict[str, str]()
    patience = Patience(_WITHIN, time.monotonic() + _WITHIN, _engine.cancelled.is_set)

    def cancel(name: str) -> bool:
        return _cancelled(task, name, patience)

    for name, outcome in zip(task.members, fan_out(task.members, cancel, max_parallel=task.max_parallel), strict=True):
        error = outcome.error
        if isinstance(error, Unreachable) and name in abandoned():
            left[name] = error.why
        elif isinstance(error, Unreachable):
            failures.append(f"{error}. Run again when it is back, or set {ABANDON}={name}")
        elif isinstance(error, MemberError):
            failures.append(str(error))
        elif not outcome.get():
            failures.append(f"{name}: pods of it still run")
    if not failures:
        failures += give_back(task, left)
    if task.acting is not None and not failures and not left:
        task.acting.forget(task.members[0])
    for name, why in left.items():
        _engine.show(f"{name}: not cancelled there: {why}", ephemeral=False, warning=True)
    if failures:
        raise _engine.OneLine(f"{props['fleet']}/{props['job']} is not cancelled: {'; '.join(failures)}")


def _cancelled(task: JobTask, name: str, patience: Patience) -> bool:
    """Whether nothing of it is there any more, before patience ends."""
    connection = task.connect(name)
    # Whoever refuses a connection now is not waited for: the command can be run again.
    first = connection.by(time.monotonic() + _FIRST)
    uids = {job.uid for job in read_shards(first, task.job)}
    while True:
        uids |= {job.uid for job in read_shards(connection, task.job)}
        running = [uid for uid in sorted(uids) if not fence_shard(connection, task.job, uid)]
        if not running:
            return True
        try:
            patience.sleep(0.5)
        except Impatient:
            return False
