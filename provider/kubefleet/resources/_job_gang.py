"""A job that is a gang, as `dispatch` takes it."""

from collections.abc import Collection, Mapping
from typing import Any

from kubefleet.dispatch.gang_round import GangTask
from kubefleet.dispatch.round import JobTask
from kubefleet.jobs.account import Account
from kubefleet.jobs.gang import Seat
from kubefleet.jobs.gang_state import GangState, nodes_from_json, state_to_json
from kubefleet.jobs.indexes import NONE, parse_indexes
from kubefleet.jobs.plan import seats_of
from kubefleet.jobs.record import JobRecord
from kubefleet.resources._adapter import Props
from kubefleet.resources._job_hub import Keeping
from kubefleet.resources._job_task import declared_job, room_for


def gang_task(props: Props, task: JobTask, kept: JobRecord, keeping: Keeping) -> GangTask | None:
    """None for a job that is none. The first attempt goes where the plan that was shown says, if it still can."""
    job = declared_job(props)
    if job.request.gang is None:
        return None
    shown = {} if kept.account.shards else _shown(props, task.job.total)
    known = kept.gang
    keeping.gang = lambda: known

    def store(account: Account, state: GangState) -> None:
        nonlocal known
        known = state_to_json(state)
        task.store(account)

    def seats(names: Collection[str]) -> Mapping[str, Seat]:
        nonlocal shown
        first, shown = shown, {}
        if first and first.keys() <= set(names):
            return first
        return seats_of(room_for(props, job, names), job.request, names)

    return GangTask(task, seats, job.options.gang_timeout, store)


def _shown(props: Props, total: int) -> dict[str, Seat]:
    """The plan, if it is about all indexes that there are."""
    parts: Mapping[str, Any] = props["plan"]["parts"]
    found = {
        name: Seat(parse_indexes(part["indexes"], total), int(part["slots"]), nodes_from_json(part.get("nodes") or ()))
        for name, part in parts.items()
    }
    return found if len(NONE.union(*(seat.indexes for seat in found.values()))) == total else {}
