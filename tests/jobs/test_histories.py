"""Histories of a job while clusters are killed, cut off, return, lie, and the process dies at any write: no index is
lost, none counts that nobody has done, and what is done stays so.
"""

from dataclasses import replace

import pytest
from job_world import World

from kubefleet.jobs.account import Account, JobSeen, observed
from kubefleet.jobs.codec import from_json
from kubefleet.jobs.verdict import JobPhase, verdict

pytestmark = pytest.mark.fast


def play(world: World, rounds: int = 30) -> Account:
    for _ in range(rounds):
        if world.chance.random() < 0.5:
            world.faults()
        world.work()
        world.control()
    world.heal()
    names = [member.name for member in world.members]
    for _ in range(200):
        world.work()
        world.control()
        account = from_json(world.stored)
        if verdict(account, names).phase is not JobPhase.RUNNING:
            return account
    raise AssertionError(f"it does not end: {account}")


@pytest.mark.parametrize("seeds", [range(first, first + 100) for first in range(0, 1000, 100)], ids=str)
def test_no_index_is_lost_and_none_counts_that_was_not_done(seeds: range) -> None:
    for seed in seeds:
        world = World(seed, total=seed % 37 + 3)
        account = play(world)
        names = [member.name for member in world.members]
        told = verdict(account, names)
        if told.phase is JobPhase.COMPLETE:
            assert set(account.done) == set(range(world.total)), seed
            assert set(world.really) == set(range(world.total)), seed
        else:
            # Whatever cannot be done has failed where it may, or the job is wrong.
            assert "failed on" in told.reason or "wrong" in told.reason, seed


def by_generation_alone(account: Account, seen: dict[str, list[JobSeen]]) -> Account:
    """Takes a Job of somebody else for a shard."""
    shards = {(shard.cluster, shard.generation): shard for shard in account.shards}

    def taken_for_ours(cluster: str, job: JobSeen) -> JobSeen:
        shard = shards.get((cluster, job.generation))
        return job if shard is None else replace(job, uid=shard.uid or job.uid, token=shard.token)

    taken = {cluster: [taken_for_ours(cluster, job) for job in jobs] for cluster, jobs in seen.items()}
    return observed(account, taken)


def by_the_last_word(account: Account, seen: dict[str, list[JobSeen]]) -> Account:
    """Believes the last report, also where it says less."""
    found = observed(account, seen)
    return replace(found, done=found.done - account.done) if seen else found


@pytest.mark.parametrize("broken", [by_generation_alone, by_the_last_word])
def test_accounts_that_are_kept_wrongly_are_noticed(broken) -> None:
    def caught(seed: int) -> bool:
        try:
            play(World(seed, total=seed % 37 + 3, observe=broken))
        except AssertionError:
            return True
        return False

    assert any(caught(seed) for seed in range(60))
