"""The room that jobs are told of is what dividing a workload over the same clusters would use."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from small_fleets import fleets, requests

from kubefleet.model.policy import DivideBy, Divided, Fit, PolicyType
from kubefleet.model.request import Request
from kubefleet.model.snapshot import Snapshot
from kubefleet.scheduling import schedule, schedule_and_ask

pytestmark = pytest.mark.fast

MANY = 500


def as_job(request: Request) -> Request:
    """Its first workload alone, wherever it may go."""
    work = replace(request.workloads[0], key="job", divisible=True, replicas=MANY)
    policy = replace(request.policy, number=MANY, fit=Fit.FILTER)
    return replace(
        request, name="job", uid="job", workloads=(work,), divided=Divided(DivideBy.AVAILABLE), policy=policy
    )


@given(fleets(), requests(types=(PolicyType.PICK_N,), spread=False, workloads=1))
def test_a_division_without_end_uses_all_of_it_and_no_more(snapshot: Snapshot, request_: Request) -> None:
    assume(request_.workloads)
    job = as_job(request_)
    _, room = schedule_and_ask(snapshot, [], {}, [job])
    (decision,) = schedule(snapshot, [job], {}).decisions
    placed = {binding.cluster: binding.total for binding in decision.bindings if binding.total}
    told = {name: pods for name, pods in room.places("job").pods.items() if pods}
    if sum(told.values()) <= MANY:
        assert told == placed
    assert set(placed) <= set(told)
