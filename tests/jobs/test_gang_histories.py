"""Histories of a gang while room is taken, clusters fall silent, objects vanish and the process dies at any write:
either all of its shards run, or nothing of it remains.
"""

from dataclasses import replace

import pytest
from gang_world import World

from kubefleet.dispatch import gang_round
from kubefleet.jobs.account import Account
from kubefleet.jobs.gang import Seat
from kubefleet.jobs.gang_state import GangPhase, GangState, state_from_json, state_to_json
from kubefleet.jobs.gang_steps import Progress, begun, gang_verdict, how_far, judged
from kubefleet.jobs.indexes import span
from kubefleet.jobs.verdict import JobPhase
from kubefleet.model.selector import Expr, Operator
from kubefleet.report.job_progress import JobProgress

pytestmark = pytest.mark.fast


def play(world: World, rounds: int = 25) -> None:
    world.breaks = world.chance.random() < 0.2
    for _ in range(rounds):
        if world.chance.random() < 0.4:
            world.faults()
        world.work()
        world.control()


def names(world: World) -> list[str]:
    return [member.name for member in world.members]


def go_on(world: World) -> JobPhase:
    for _ in range(400):
        world.work()
        world.control()
        phase = gang_verdict(*world.stored, names(world)).phase
        if phase is not JobPhase.RUNNING:
            return phase
    raise AssertionError(f"it does not end: {world.stored}")


@pytest.mark.parametrize("seeds", [range(first, first + 100) for first in range(0, 300, 100)], ids=str)
def test_where_there_is_room_again_all_of_it_runs_and_is_done(seeds: range, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = {JobPhase.COMPLETE: 0, JobPhase.FAILED: 0}
    for seed in seeds:
        world = World(seed, monkeypatch)
        play(world)
        world.heal()
        phase = go_on(world)
        ended[phase] += 1
        if phase is JobPhase.COMPLETE:
            assert set(world.stored[0].done) == set(range(world.total)), seed
        for _ in range(3):
            world.work()
            world.control()
        assert (world.held if phase is JobPhase.COMPLETE else world.remains) == [], seed
    assert ended[JobPhase.COMPLETE] > len(seeds) * 0.8


@pytest.mark.parametrize("seeds", [range(first, first + 100) for first in range(500, 800, 100)], ids=str)
def test_where_there_is_no_room_any_more_nothing_of_it_remains(seeds: range, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in seeds:
        world = World(seed, monkeypatch)
        play(world)
        world.heal()
        for _ in range(60):
            world.fill()
            world.work()
            world.control()
            account, state = world.stored
            if len(account.done) == account.total:
                break
        else:
            assert state.phase is GangPhase.QUEUED, seed
            assert world.remains == [], seed


def test_the_same_seed_is_the_same_history(monkeypatch: pytest.MonkeyPatch) -> None:
    def history(seed: int) -> list[object]:
        world = World(seed, monkeypatch)
        play(world)
        return world.history

    assert history(7) == history(7)
    assert history(7) != history(8)


def begins_at_once(account, state, progress, now, timeout):
    """Does not wait until all have their room."""
    found, after = judged(account, state, progress, now, timeout)
    reserving = after.phase is GangPhase.RESERVING
    return found, replace(after, phase=GangPhase.STARTING) if reserving else after


def never_gives_up(account, state, progress, now, timeout):
    """Waits for room for ever."""
    return judged(account, state, progress, now, 10**9)


@pytest.mark.parametrize("broken", [begins_at_once, never_gives_up])
def test_gangs_that_are_kept_wrongly_are_noticed(broken, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gang_round, "judged", broken)
    with pytest.raises(AssertionError):
        test_where_there_is_no_room_any_more_nothing_of_it_remains(range(500, 560), monkeypatch)


def test_a_state_is_the_same_after_json_and_no_other_json_is_one() -> None:
    places = (("a", ()), ("b", (Expr("rack", Operator.IN, ("r1", "r2")),)))
    state = GangState(GangPhase.STARTING, 1_700_000_000, 3, ("c",), places, "late")
    assert state_from_json(state_to_json(state)) == state
    assert state_from_json(state_to_json(GangState())) == GangState()
    with pytest.raises(ValueError, match="bad state of a gang"):
        state_from_json({"phase": "queued"})
    with pytest.raises(ValueError, match="is not a valid"):
        state_from_json({**state_to_json(state), "phase": "lost"})


def test_how_far_it_is_says_the_pods_that_have_room_and_then_those_that_are_ready() -> None:
    account, state = begun(Account(10), GangState(), {"a": Seat(span(0, 6), 6), "b": Seat(span(6, 10), 4)}, 0)
    progress = Progress({"a": 6, "b": 1}, {"a": 2})
    assert how_far(account, state, progress) == "reserving: 7/10 pods have room"
    assert how_far(account, replace(state, phase=GangPhase.STARTING), progress) == "starting: 2/10 pods are ready"
    assert how_far(account, replace(state, phase=GangPhase.RUNNING), progress) == ""
    line = JobProgress().line(account, 0, how_far(account, state, progress))
    assert line == "0/10 indexes done, reserving: 7/10 pods have room, 10 with a, b"
