"""Two copies of what is kept of a job, made one."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubefleet.jobs.account import Account, Shard, ShardState
from kubefleet.jobs.indexes import Indexes, span
from kubefleet.jobs.record import JobRecord, record_from_json, record_to_json, united

pytestmark = pytest.mark.fast

UNHURRIED = settings(derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])

TOTAL = 12


@st.composite
def shards(draw: st.DrawFn, generation: int) -> Shard:
    """Of few kinds, so that two copies often have the same one."""
    indexes = Indexes(draw(st.sampled_from([range(6), range(6, 12), (1, 4, 9)])))
    done = Indexes(draw(st.sets(st.sampled_from(sorted(indexes)))))
    failed = Indexes(draw(st.sets(st.sampled_from(sorted(indexes))))) - done
    uid = draw(st.sampled_from(["", "u1", "u2"]))
    state = draw(st.sampled_from(list(ShardState))) if uid else ShardState.PLANNED
    cluster = f"c{generation}"
    return Shard(cluster, generation, indexes, 2, state, uid, done if uid else Indexes(), failed if uid else Indexes())


@st.composite
def records(draw: st.DrawFn) -> JobRecord:
    generation = draw(st.integers(0, 3))
    every = tuple(draw(shards(number + 1)) for number in range(generation))
    done = Indexes(draw(st.sets(st.integers(0, TOTAL - 1)))).union(*(shard.completed for shard in every))
    account = Account(TOTAL, generation, every, done, draw(st.sampled_from(["r1", "r1", "r2"])))
    silent = draw(st.dictionaries(st.sampled_from(["c1", "c2"]), st.integers(0, 9).map(float)))
    return JobRecord(account, silent, {"c1": 5.0}, draw(st.sampled_from([None, {"a": 1}])), draw(st.integers(0, 3)))


@UNHURRIED
@given(records(), records())
def test_what_either_knows_to_be_done_stays_done_unless_it_is_of_another_revision(
    left: JobRecord, right: JobRecord
) -> None:
    both = united(left, right)
    ranks = [(copy.account.generation, copy.writes) for copy in (left, right)]
    leader = right if ranks[1] > ranks[0] else left
    assert (both.account.generation, both.writes) == max(ranks)
    assert (both.silent, both.leased, both.gang) == (leader.silent, leader.leased, leader.gang)
    if left.account.revision == right.account.revision:
        assert both.account.done == left.account.done | right.account.done
    else:
        assert both == leader
    # Nobody's plan changes, and no result of one Job is another's.
    assert [shard.token for shard in both.account.shards] == [shard.token for shard in leader.account.shards]
    other = left if leader is right else right
    for now, was in zip(both.account.shards, leader.account.shards, strict=True):
        assert was.completed <= now.completed <= now.indexes
        assert not now.completed & now.failed
        same = [it for it in other.account.shards if (it.token, it.cluster) == (was.token, was.cluster)]
        told = [it for it in same if it.uid == now.uid]
        assert now.completed == was.completed.union(*(it.completed for it in told)) or both == leader
        assert was.uid in ("", now.uid)


@UNHURRIED
@given(records(), records())
def test_it_is_the_same_whoever_comes_first_and_however_often(left: JobRecord, right: JobRecord) -> None:
    both = united(left, right)
    assert united(both, right) == united(both, left) == united(both, both) == both
    if (left.account.generation, left.writes) != (right.account.generation, right.writes):
        assert united(right, left) == both


@UNHURRIED
@given(records())
def test_it_is_read_as_it_was_written(record: JobRecord) -> None:
    assert record_from_json(record_to_json(record)) == record


def test_a_shorter_job_has_no_more_done_than_it_has() -> None:
    short = JobRecord(Account(5, 2, revision="r"), writes=1)
    assert united(short, JobRecord(Account(9, 1, done=span(3, 9), revision="r"))).account.done == span(3, 5)


@pytest.mark.parametrize("change", [{"schema": 2}, {"account": None}, {"silent": None}, {"writes": None}])
def test_what_is_no_record_is_not_guessed_at(change: dict[str, object]) -> None:
    raw = record_to_json(replace(JobRecord(Account(3)), writes=2))
    with pytest.raises(ValueError, match="job"):
        record_from_json({**raw, **change})
