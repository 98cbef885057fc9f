"""An account step by step: what counts, where failed indexes go next, and when a job is over."""

from dataclasses import replace
from typing import Any

import pytest

from kubefleet.jobs.account import Account, JobSeen, Shard, ShardState, created, lost, observed, planned
from kubefleet.jobs.codec import from_json, to_json
from kubefleet.jobs.divide import Demand, DivideJobBy, DoesNotFit, Site
from kubefleet.jobs.indexes import NONE, Indexes, span
from kubefleet.jobs.steps import Create, Fence, next_parts, steps, to_begin
from kubefleet.jobs.verdict import JobPhase, verdict

pytestmark = pytest.mark.fast

TWO = [Site("a", 4), Site("b", 2)]
THREE = [*TWO, Site("c", 2)]


def started(total: int = 6, **shards: tuple[int, int]) -> Account:
    """Each shard of a first generation runs under the uid `uid-<cluster>`."""
    account = planned(Account(total), {name: (span(*part), 2) for name, part in shards.items()})
    for name in shards:
        account = created(account, name, account.generation, f"uid-{name}")
    return account


def seen(account: Account, cluster: str, completed: Any = (), failed: Any = (), ended: bool = False) -> JobSeen:
    shard = next(shard for shard in reversed(account.shards) if shard.cluster == cluster)
    return JobSeen(shard.uid, shard.generation, shard.token, Indexes(completed), Indexes(failed), ended)


def test_the_first_plan_is_the_whole_job() -> None:
    parts = next_parts(Account(12), DivideJobBy.MAKESPAN, TWO, Demand(12))
    assert parts == {"a": (span(0, 8), 4), "b": (span(8, 12), 2)}
    assert next_parts(planned(Account(12), parts), DivideJobBy.MAKESPAN, TWO, Demand(12)) == {}


def test_what_a_shard_has_done_counts_by_its_own_indexes() -> None:
    account = started(a=(0, 4), b=(4, 6))
    account = observed(account, {"a": [seen(account, "a", [0, 2])], "b": [seen(account, "b", [1])]})
    assert set(account.done) == {0, 2, 5}
    assert set(account.in_flight) == {1, 3, 4}
    # Who reports less later has not undone it.
    account = observed(account, {"a": [seen(account, "a", [0])], "b": [seen(account, "b")]})
    assert set(account.done) == {0, 2, 5}


def test_what_a_lost_cluster_had_not_done_is_done_elsewhere_and_it_is_fenced_when_it_returns() -> None:
    account = started(a=(0, 4), b=(4, 6))
    account = lost(observed(account, {"a": [seen(account, "a", [0])]}), "a")
    account = planned(account, next_parts(account, DivideJobBy.MAKESPAN, [Site("b", 2)], Demand(6)))
    assert [(shard.cluster, shard.generation, set(shard.indexes)) for shard in account.shards[2:]] == [
        ("b", 2, {1, 2, 3})
    ]
    back = JobSeen("uid-a", 1, account.shards[0].token, Indexes([0, 1]))
    # It has done one more: that counts, and then it goes, before anything new comes to it.
    account = observed(account, {"a": [back]})
    assert set(account.done) == {0, 1}
    account = planned(account, {"a": (Indexes([]), 1)})
    assert steps(account, {"a": [back]}) == (Fence("a", "uid-a", 1),)
    assert steps(account, {"b": [seen(started(b=(4, 6)), "b")]}) == (Create(account.shards[2]),)


def test_no_more_run_at_once_than_may_and_what_would_be_too_many_waits() -> None:
    account = started(8, a=(0, 4), b=(4, 8))
    demand = Demand(8, 4)
    failed = observed(account, {"a": [seen(account, "a", (), [0])], "b": [seen(account, "b", (), [0])]})
    assert set(failed.idle) == {0, 4}
    assert to_begin(failed, demand) == 0
    assert next_parts(failed, DivideJobBy.MAKESPAN, THREE, demand) == {}
    # One shard has only one left by now, and one place is free: for one of the two.
    nearly = observed(failed, {"b": [seen(account, "b", (1, 2), [0])]})
    assert to_begin(nearly, demand) == 1
    assert [slots for _, slots in next_parts(nearly, DivideJobBy.MAKESPAN, THREE, demand).values()] == [1]
    assert len(next_parts(nearly, DivideJobBy.MAKESPAN, THREE, Demand(8, 9))) == 2
    assert to_begin(nearly, Demand(8)) is None


def test_a_failed_index_goes_to_another_cluster_and_is_given_up_when_there_is_none() -> None:
    account = started(a=(0, 4), b=(4, 6))
    account = observed(account, {"a": [seen(account, "a", [0, 1, 2], [3], ended=True)], "b": [seen(account, "b")]})
    assert next_parts(account, DivideJobBy.MAKESPAN, TWO, Demand(6)) == {"b": (Indexes([3]), 1)}
    account = planned(account, {"b": (Indexes([3]), 1)})
    account = created(account, "b", 2, "uid-b2")
    first = replace(seen(account, "b", [0, 1], ended=True), uid="uid-b", generation=1, token=account.shards[1].token)
    account = observed(account, {"b": [first, seen(account, "b", (), [0], ended=True)], "a": [seen(account, "a")]})
    assert account.given_up(["a", "b"]) == Indexes([3])
    assert account.given_up(["a", "b", "c"]) == NONE
    assert verdict(account, ["a", "b", "c"]).phase is JobPhase.RUNNING
    told = verdict(account, ["a", "b"])
    assert (told.phase, told.reason) == (JobPhase.FAILED, "indexes 3 have failed on a, b")
    assert next_parts(account, DivideJobBy.MAKESPAN, THREE, Demand(6)) == {"c": (Indexes([3]), 1)}


def test_a_cluster_on_which_most_fail_is_closed_and_a_second_one_means_the_job() -> None:
    account = started(60, a=(0, 30), b=(30, 60))
    account = observed(account, {"a": [seen(account, "a", range(9), range(9, 20))]})
    assert account.closed == {"a"}
    parts = next_parts(account, DivideJobBy.MAKESPAN, TWO, Demand(60))
    assert set(parts) == {"b"}
    with pytest.raises(DoesNotFit):
        next_parts(lost(account, "b"), DivideJobBy.MAKESPAN, TWO[:1], Demand(60))
    account = observed(account, {"b": [seen(account, "b", (), range(11))]})
    told = verdict(account, ["a", "b"])
    assert (told.phase, told.reason) == (
        JobPhase.FAILED,
        "most of its first indexes fail on a, b: the job itself is wrong",
    )


def test_a_cluster_that_fails_late_stays_open() -> None:
    account = started(60, a=(0, 60))
    assert observed(account, {"a": [seen(account, "a", range(10), range(10, 40))]}).closed == frozenset()


def test_a_job_that_is_gone_leaves_what_it_had_not_done() -> None:
    account = started(a=(0, 4), b=(4, 6))
    account = observed(account, {"a": [], "b": [seen(account, "b")]})
    assert account.shards[0].state is ShardState.ENDED
    assert account.holes(["a", "b"]) == span(0, 4)


def test_parallelism_is_the_whole_jobs() -> None:
    account = started(20, a=(0, 10))
    parts = next_parts(account, DivideJobBy.MAKESPAN, TWO, Demand(20, parallelism=3))
    assert sum(slots for _, slots in parts.values()) == 1


def test_an_account_is_the_same_after_it_was_written_down() -> None:
    account = started(a=(0, 4), b=(4, 6))
    account = lost(observed(account, {"a": [seen(account, "a", [0], [1])]}), "b")
    assert from_json(to_json(account)) == account


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"schema": 2}, "unknown schema `2`"),
        ({"done": "x"}, "bad set of indexes"),
        ({"total": 2}, "expected indexes below its total"),
        ({"shards": [{}]}, "bad account of a job: KeyError"),
        ({"shards": 3}, "bad account of a job: TypeError"),
    ],
)
def test_a_state_that_was_edited_by_hand_is_told(change: dict[str, Any], told: str) -> None:
    account = observed(started(a=(0, 4)), {"a": []})
    with pytest.raises(ValueError, match=told):
        from_json({**to_json(account), **change})


def test_a_shard_bears_what_tells_it_from_all_others() -> None:
    shards = [
        Shard("a", 1, span(0, 4), 2),
        Shard("b", 1, span(0, 4), 2),
        Shard("a", 2, span(0, 4), 2),
        Shard("a", 1, span(0, 5), 2),
    ]
    assert len({shard.token for shard in shards}) == len(shards)
