"""How long a shard goes on where nobody is in touch with its cluster."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubefleet.dispatch.lease import LeaseRule, Leases, lease_rule
from kubefleet.jobs.account import JobSeen
from kubefleet.jobs.shard_job import WholeJob

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
    assert leases.run_out(["eu-1", "eu-2"], 100.5) == {"eu-1"}
    assert leases.run_out(["eu-1"], 99.5) == frozenset()
    leases.forget(["eu-1"])
    assert leases.run_out(["eu-1", "us-1"], 1e9) == {"us-1"}
    assert Leases(JOB, LeaseRule(), {}).run_out(["eu-1"], 0) == {"eu-1"}
