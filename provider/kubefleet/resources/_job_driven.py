"""What drives a job: its task, with its leases, and how far a gang has come."""

from dataclasses import replace

from kubefleet.dispatch.gang_round import GangTask
from kubefleet.dispatch.lease import Leases, lease_rule
from kubefleet.dispatch.round import JobTask
from kubefleet.jobs.options import WaitFor
from kubefleet.jobs.record import JobRecord
from kubefleet.resources._adapter import Props
from kubefleet.resources._job_gang import gang_task
from kubefleet.resources._job_hub import Keeping
from kubefleet.resources._job_task import declared_job, job_task


def driven(props: Props, kept: JobRecord, keeping: Keeping) -> tuple[JobTask, GangTask | None]:
    """The second one for a gang."""
    task = job_task(props, keeping.store, kept.account.generation)
    lease = declared_job(props).options.lease
    # Also where there was one: what it has limited is to go on.
    if lease is not None or kept.leased:
        leases = Leases(task.job, lease_rule(props["template"], lease), kept.leased)
        keeping.leased = lambda: leases.leased
        task = replace(task, leases=leases)
    return task, gang_task(props, task, kept, keeping)


def out_of_touch(props: Props) -> list[str]:
    """Why nobody would extend its leases, as mistakes."""
    options = declared_job(props).options
    if options.lease is None or options.wait is WaitFor.COMPLETED or props.get("hub") is not None:
        return []
    expected = 'wait="completed", or a hub and `kubefleet jobs run --watch`'
    return [f"jobs.{props['job']}.lease: nobody would be in touch with its clusters (expected {expected})."]
