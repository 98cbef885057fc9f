"""The job of a `Dispatch` as `dispatch` takes it, from the resource's inputs."""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from kubefleet.dispatch.round import JobTask
from kubefleet.jobs.account import Account, planned
from kubefleet.jobs.codec import from_json, to_json
from kubefleet.jobs.divide import Site
from kubefleet.jobs.indexes import parse_indexes
from kubefleet.jobs.record import JobRecord
from kubefleet.jobs.shard_job import WholeJob
from kubefleet.kube import take_snapshot
from kubefleet.model.member import Member
from kubefleet.resources import _engine
from kubefleet.resources._adapter import Props
from kubefleet.resources._inputs import all_members
from kubefleet.resources._job_identity import acting_job, look_of
from kubefleet.resources._task import connector
from kubefleet.scheduling import Room, schedule_and_ask
from kubefleet.spec.job import JobDeclared, parse_job
from kubefleet.spec.member import parse_member
from kubefleet.spec.mistakes import Mistake, MistakesError, Spelling


def declared_job(props: Props) -> JobDeclared:
    """What `Schedule.check` has found fine. Raises MistakesError where it is not: nothing of it is guessed at."""
    mistakes: list[Mistake] = []
    job = parse_job(props["job"], props["declared"], frozenset(props["members"]), mistakes)
    if job is None or mistakes:
        raise MistakesError(mistakes)
    return job


def job_task(props: Props, store: Callable[[Account], None], generation: int = 0) -> JobTask:
    """`generation` is the last one that members may have something of."""
    job, members, whole = declared_job(props), all_members(props), whole_job(props)
    acting = acting_job(props, whole, members)

    def kept(account: Account) -> None:
        if acting is not None:
            acting.generation = max(acting.generation, account.generation)
        store(account)

    if acting is not None:
        acting.generation = generation
    return JobTask(
        whole,
        job.request.by,
        job.request.demand,
        tuple(sorted(members)),
        connector(members) if acting is None else acting.connect,
        lambda names: _sites(props, job, names),
        kept,
        leaving=frozenset(members) - frozenset(props["members"]),
        acting=acting,
        look=None if acting is None else lambda name: acting.members(name).look(),
    )


def whole_job(props: Props) -> WholeJob:
    """The job itself."""
    metadata = props["template"]["metadata"]
    uid, queue = props["plan"]["uid"], props["declared"].get("queue") or ""
    return WholeJob(props["job"], uid, metadata["namespace"], props["template"], total_of(props), queue)


def total_of(props: Props) -> int:
    """How many indexes it has."""
    return int(props["declared"]["total"])


def first_account(props: Props) -> Account:
    """That of a job of which nothing has been dispatched yet."""
    return by_plan(Account(total_of(props), revision=props["plan"]["revision"]), props)


def by_plan(account: Account, props: Props) -> Account:
    """Where nothing is on its way yet, by the plan that was shown; without one nothing has a place. A gang has to find
    its room first.
    """
    if props["declared"].get("gang"):
        return account
    parts = {
        name: (parse_indexes(part["indexes"], account.total), part["slots"])
        for name, part in props["plan"]["parts"].items()
    }
    return planned(account, parts) if parts and not account.shards and not account.done else account


def record_of(outputs: Props) -> JobRecord:
    """What the last run has written. Raises ValueError where it was edited by hand."""
    silent = {name: int(at) for name, at in (outputs.get("silent") or {}).items()}
    leased = {name: float(at) for name, at in (outputs.get("leased") or {}).items()}
    account, gang, writes = from_json(outputs["account"]), outputs.get("gang"), int(outputs.get("writes") or 0)
    return JobRecord(account, silent, leased, gang, writes)


def as_outputs(record: JobRecord) -> Props:
    """The same as outputs; what a job has no need of is not there."""
    beside = {"leased": dict(record.leased), "gang": record.gang, "writes": record.writes}
    return {
        "account": to_json(record.account),
        "silent": dict(record.silent),
        **{key: value for key, value in beside.items() if value},
    }


def _sites(props: Props, job: JobDeclared, names: Collection[str]) -> list[Site]:
    return job.request.sites(room_for(props, job, names).places(job.request.name))


def room_for(props: Props, job: JobDeclared, names: Collection[str]) -> Room:
    """What room there is for it now, by the scheduler's own count."""
    members = [_member(name, raw) for name, raw in sorted(props["members"].items()) if name in names]
    asked, cancelled = job.request.request, _engine.cancelled.is_set
    look = look_of(props)
    now = datetime.now(UTC)
    snapshot, connections = take_snapshot(members, taken_at=now, requests=[asked], cancelled=cancelled, look=look)
    for connection in connections.values() if look is None else ():
        connection.close()
    return schedule_and_ask(snapshot, (), {}, [asked])[1]


def _member(name: str, raw: Mapping[str, Any]) -> Member:
    mistakes: list[Mistake] = []
    fields = {key: value for key, value in raw.items() if key != "planned"}
    member = parse_member(name, fields, f"members.{name}", Spelling.PYTHON, mistakes)
    if member is None or mistakes:
        raise MistakesError(mistakes)
    return member
