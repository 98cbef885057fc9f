"""How long a shard goes on where nobody is in touch with its cluster."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubefleet.dispatch.drive import too_long
from kubefleet.dispatch.lease import LeaseRule, Leases, lease_rule, run_out
from kubefleet.jobs.account import Account, JobSeen
from kubefleet.jobs.options import JobOptions
from kubefleet.jobs.record import JobRecord
from kubefleet.jobs.shard_job import WholeJob
from kubefleet.resources._job_driven import out_of_touch
from kubefleet.spec.job import parse_job
from kubefleet.spec.mistakes import Mistake

pytestmark = pytest.mark.fast

UNHURRIED = settings(derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])

JOB = WholeJob("sweep", "00000000000000aa", "default", {}, 10)
moments = st.floats(1e9, 2e9)


@UNHURRIED
@given(moments, st.floats(-3600, 3600), st.floats(0, 10_000), st.floats(-2, 2), st.integers(1, 600), st.floats(0, 2))
def test_what_was_extended_has_stopped_before_it_counts_as_stopped_whatever_the_clocks_say(
    now: float, ahead: float, ran: float, misread: float, seconds: int, late: float
) -> None:
    rule = LeaseRule(seconds, grace=30)
    # As the cluster has it: its clock, and whole seconds of it for the start.
    started = math.floor(now + ahead - ran)
    limit = rule.limit(now + ahead + misread - started)
    assert limit is not None
    stops = started + limit - ahead + late + rule.grace
    assert stops <= rule.until(now)
    # And it is not stopped for nothing.
    assert stops >= now + seconds - 4 + rule.grace


def test_a_template_that_has_a_limit_of_its_own_keeps_it() -> None:
    template = {"spec": {"activeDeadlineSeconds": 100, "template": {"spec": {"terminationGracePeriodSeconds": 0}}}}
    rule = lease_rule(template, 60)
    assert rule == LeaseRule(60, 100, 0)
    assert [rule.limit(elapsed) for elapsed in (0, 30.2, 50)] == [60, 91, 100]
    assert lease_rule(template, None).limit(50) == 100
    assert lease_rule({}, None).limit(50) is None
    assert lease_rule({}, 60) == LeaseRule(60, None, 30)


def test_it_is_extended_when_a_fourth_has_passed_and_taken_away_where_none_is_wanted() -> None:
    rule = LeaseRule(60)
    assert rule.is_due(None, (), 0)
    assert [rule.is_due(rule.until(0), (), now) for now in (0, 14, 15, 60)] == [False, False, True, True]
    left = JobSeen("u", 1, "t", started_at=5.0, limit=60)
    assert LeaseRule().is_due(None, [left], 0)
    assert not LeaseRule(own=60).is_due(None, [left], 0)


def test_what_is_not_known_to_have_started_may_start_at_any_time() -> None:
    leases = Leases(JOB, LeaseRule(60), {"eu-1": 100.0, "us-1": 100.0})
    assert run_out(leases.leased, ["eu-1", "eu-2"], 100.5) == {"eu-1"}
    assert run_out(leases.leased, ["eu-1"], 99.5) == frozenset()
    leases.forget(["eu-1"])
    assert run_out(leases.leased, ["eu-1", "us-1"], 1e9) == {"us-1"}


def test_a_silent_cluster_is_given_up_when_what_it_has_has_stopped_too() -> None:
    kept = JobRecord(Account(5), {"eu-1": 0, "us-1": 0}, {"eu-1": 300.0})
    assert too_long(kept, JobOptions(lost_after=120), 130) == {"eu-1", "us-1"}
    assert too_long(kept, JobOptions(lost_after=120, lease=60), 130) == frozenset()
    assert too_long(kept, JobOptions(lost_after=120, lease=60), 301) == {"eu-1"}


def declared(**arguments: object) -> dict[str, object]:
    work = {"kind": "Job", "name": "sweep", "namespace": "default", "pod": {}}
    return {"total": 9, "revision": "r", "api": "batch/v1/Job", "workloads": [work], **arguments}


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        ({"lease": "2m"}, []),
        ({"lease": "5s"}, ["5 s (expected at least 30: clusters are asked every few seconds)."]),
        (
            {"lease": "1m", "at_least_once": False},
            ["with at_least_once=False (expected none: what it stops would have to run once more)."],
        ),
        (
            {"lease": "1m", "gang": "one-cluster"},
            ["of a job that is not divided (expected none: only shards of a `batch/v1` Job have one)."],
        ),
    ],
)
def test_a_lease_that_cannot_be_is_a_mistake(arguments: dict[str, object], wrong: list[str]) -> None:
    mistakes: list[Mistake] = []
    parse_job("sweep", declared(**arguments), frozenset(), mistakes)
    assert [str(mistake) for mistake in mistakes] == [f"jobs.sweep.lease: {why}" for why in wrong]


def test_a_lease_takes_somebody_in_touch() -> None:
    def told(**more: object) -> list[str]:
        arguments = declared(lease="2m", wait=more.pop("wait", "dispatched"))
        return out_of_touch({"job": "sweep", "members": {}, "declared": arguments, **more})

    assert told(hub={"context": "hub"}) == told(wait="completed") == []
    (line,) = told()
    assert line.startswith("jobs.sweep.lease: nobody would be in touch with its clusters (expected wait=")
