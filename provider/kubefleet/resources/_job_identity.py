"""Under whose identity a job is dispatched."""

from collections.abc import Callable, Mapping
from typing import Any

from kubefleet.dispatch.acting import ActingJob
from kubefleet.federation.role import job_role
from kubefleet.jobs.kinds import kind_of
from kubefleet.jobs.shard_job import WholeJob
from kubefleet.kube import Connection
from kubefleet.kube.patience import Patience
from kubefleet.model.member import Member
from kubefleet.resources import _engine
from kubefleet.resources._adapter import Props
from kubefleet.resources._federation import identity_settings, member_under, members_under
from kubefleet.resources._task import connector
from kubefleet.rollout.step import SILENCE


def acting_job(props: Props, job: WholeJob, members: Mapping[str, Mapping[str, Any]]) -> ActingJob | None:
    """The job at its members; None where the declared access does everything."""
    settings = identity_settings(props)
    if settings is None:
        return None

    patience = Patience(SILENCE, cancelled=_engine.cancelled.is_set)
    gang = bool((props.get("declared") or {}).get("gang"))
    member = members_under(settings, members)
    return ActingJob(job, job_role(job.uid, job.name), member, settings.ceiling, patience, gang=gang)


def never_granted(props: Props) -> list[str]:
    """Why the fleet hands out no rights to what the job has to do, as mistakes."""
    from kubefleet.resources._job_task import whole_job

    acting = acting_job(props, whole_job(props), {})
    flaws = acting.never_granted() if acting is not None else ()
    if kind_of(props["template"]) is not None:
        flaws = ("a fleet with an `identity` dispatches Jobs of batch/v1 only (expected one).",)
    return [f"jobs.{props['job']}.template: {why}" for why in flaws]


def reader_of(props: Props, members: Mapping[str, Mapping[str, Any]]) -> Callable[[str], Connection]:
    """How members are looked at: by the reader of the fleet, else by their declared access."""
    settings = identity_settings(props)
    if settings is None:
        return connector(members)

    member = members_under(settings, members)
    return lambda name: member(name).look()


def look_of(props: Props) -> Callable[[Member], Connection] | None:
    """How a member is looked at for a snapshot; None: by its declared access."""
    settings = identity_settings(props)
    return None if settings is None else lambda member: member_under(settings, member).look()
