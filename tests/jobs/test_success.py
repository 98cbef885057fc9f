"""A template's rules about the end of the whole job, as the Job controller judges them on one Job."""

from typing import Any

import pytest

from kubefleet.jobs.account import Account, JobSeen, created, lost, observed, planned
from kubefleet.jobs.indexes import Indexes, span
from kubefleet.jobs.success import failed_too_many, succeeded
from kubefleet.jobs.verdict import JobPhase, verdict

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("rules", "done", "holds"),
    [
        ([], range(10), False),
        ([{"succeededCount": 3}], [1, 5], False),
        ([{"succeededCount": 3}], [1, 5, 7], True),
        ([{"succeededIndexes": "0,2-3"}], [0, 2], False),
        ([{"succeededIndexes": "0,2-3"}], [0, 2, 3], True),
        # The count is among the indexes, where a rule has both.
        ([{"succeededIndexes": "0,2-3", "succeededCount": 2}], [0, 1, 5, 6], False),
        ([{"succeededIndexes": "0,2-3", "succeededCount": 2}], [0, 3], True),
        # One rule is enough.
        ([{"succeededIndexes": "9"}, {"succeededCount": 1}], [4], True),
        ([{"succeededIndexes": "0-2"}], [], False),
    ],
)
def test_a_job_may_succeed_before_all_of_it_is_done(rules: list[dict[str, Any]], done: Any, holds: bool) -> None:
    assert succeeded({"spec": {"successPolicy": {"rules": rules}}}, Indexes(done)) is holds


def test_without_a_policy_nothing_less_than_all_is_enough() -> None:
    assert not succeeded({}, span(0, 10))


def test_bad_indexes_are_told() -> None:
    with pytest.raises(ValueError, match="bad indexes `x`"):
        succeeded({"spec": {"successPolicy": {"rules": [{"succeededIndexes": "x"}]}}}, span(0, 1))


@pytest.mark.parametrize(("most", "failed", "too_many"), [(None, 9, False), (0, 0, False), (0, 1, True), (3, 3, False)])
def test_more_may_have_failed_than_a_job_bears(most: int | None, failed: int, too_many: bool) -> None:
    template = {"spec": {} if most is None else {"maxFailedIndexes": most}}
    assert failed_too_many(template, span(0, failed)) is too_many


def working(total: int, failed: int = 0) -> Account:
    """One shard on `a` with all indexes, of which 4 are done, and some have failed."""
    account = created(planned(Account(total), {"a": (span(0, total), 2)}), "a", 1, "u")
    token = account.shards[0].token
    return observed(account, {"a": [JobSeen("u", 1, token, span(0, 4), span(4, 4 + failed))]})


def test_enough_is_complete_when_the_rest_has_stopped() -> None:
    template = {"spec": {"successPolicy": {"rules": [{"succeededCount": 4}]}}}
    account = working(9)
    assert verdict(account, ["a"]).phase is JobPhase.RUNNING
    told = verdict(account, ["a"], template)
    assert (told.phase, told.reason) == (
        JobPhase.RUNNING,
        "enough of its indexes are done (4), the rest is stopped",
    )
    assert verdict(lost(account, "a"), ["a"], template).phase is JobPhase.COMPLETE


def test_too_many_that_have_failed_wherever_they_may_fail_the_job() -> None:
    account = working(9, failed=2)
    assert verdict(account, ["a"], {"spec": {"maxFailedIndexes": 2}}).phase is JobPhase.RUNNING
    told = verdict(account, ["a"], {"spec": {"maxFailedIndexes": 1}})
    assert (told.phase, told.reason) == (
        JobPhase.FAILED,
        "2 indexes have failed for good, more than its maxFailedIndexes",
    )
    # Where there is another cluster they are tried once more.
    assert verdict(account, ["a", "b"], {"spec": {"maxFailedIndexes": 1}}).phase is JobPhase.RUNNING
