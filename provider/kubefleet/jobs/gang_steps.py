"""What becomes of a gang, by its account, its state and what its clusters have: all of its shards run, or nothing of it
remains. Every step is written down before it is taken, and may be taken again.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from kubefleet.jobs.account import Account, Shard, ShardState, lost, planned
from kubefleet.jobs.gang import Seat
from kubefleet.jobs.gang_state import GangPhase, GangState
from kubefleet.jobs.verdict import JobPhase, Verdict, verdict

_NO_RULES: Final[Mapping[str, Any]] = {}
_FIRST_PAUSE: Final = 10
_LONGEST_PAUSE: Final = 600
_TRIES: Final = 4
"""Attempts in which pods have failed for good. After these the job is wrong, not the clusters."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What clusters that answer have of the attempt: placeholders that were given a node, and pods that are ready or
    have done their work. `begun` are those whose shard was let run.
    """

    bound: Mapping[str, int]
    up: Mapping[str, int]
    begun: frozenset[str] = frozenset()


def attempt(account: Account) -> tuple[Shard, ...]:
    """The shards of the last attempt, at the revision that counts."""
    return tuple(
        shard
        for shard in account.shards
        if shard.generation == account.generation and shard.revision == account.revision
    )


def judged(account: Account, state: GangState, progress: Progress, now: int, timeout: int) -> tuple[Account, GangState]:
    """One phase further where all shards have come so far, and back to starting where one that ran has lost pods. Given
    up where one is lost, has failed or is late: then none is meant to be anywhere, and the clusters to blame are left
    out of the next attempt.
    """
    shards = attempt(account)
    if state.phase is GangPhase.QUEUED:
        return account, state
    if all(shard.indexes <= shard.completed for shard in shards):
        # It is over; or there is another template by now, and nothing of the old one counts.
        return account, state if len(account.done) == account.total else GangState()
    if over := [shard.cluster for shard in shards if _is_broken(shard)]:
        return _given_up(account, state, over, f"{', '.join(over)} lost its shard, or it failed", now)
    if state.phase is GangPhase.RUNNING:
        # On a member that is silent nobody knows.
        fallen = any(progress.up.get(shard.cluster, shard.slots) < shard.slots for shard in shards)
        return account, replace(state, phase=GangPhase.STARTING, since=now) if fallen else state
    if state.phase is GangPhase.RESERVING and progress.begun:
        # Whoever began it has died before that was kept where we read it.
        return account, replace(state, phase=GangPhase.STARTING, since=now)
    reserving = state.phase is GangPhase.RESERVING
    count = progress.bound if reserving else progress.up
    late = [shard for shard in shards if not shard.uid or count.get(shard.cluster, 0) < shard.slots]
    if not late:
        further = GangPhase.STARTING if reserving else GangPhase.RUNNING
        return account, replace(state, phase=further, since=now, reason="")
    if now - state.since < timeout:
        return account, state
    what = "found a node" if reserving else "were ready"
    told = ", ".join(f"{count.get(shard.cluster, 0)}/{shard.slots} pods {what} on {shard.cluster}" for shard in late)
    return _given_up(account, state, [shard.cluster for shard in late], f"within {timeout} s {told}", now)


def how_far(account: Account, state: GangState, progress: Progress) -> str:
    """`reserving: 7/10 pods have room`, `starting: 9/10 pods are ready`; nothing of one that runs or is queued."""
    phases = {GangPhase.RESERVING: (progress.bound, "have room"), GangPhase.STARTING: (progress.up, "are ready")}
    if state.phase not in phases:
        return ""
    shards, (count, what) = attempt(account), phases[state.phase]
    come = sum(min(count.get(shard.cluster, 0), shard.slots) for shard in shards)
    return f"{state.phase}: {come}/{sum(shard.slots for shard in shards)} pods {what}"


def stopped(account: Account) -> tuple[Account, GangState]:
    """Enough of it is done: nothing of the rest is meant to be anywhere."""
    for cluster in sorted({shard.cluster for shard in attempt(account)}):
        account = lost(account, cluster)
    return account, GangState()


def _is_broken(shard: Shard) -> bool:
    return bool(shard.failed) or (not shard.is_open and not shard.indexes <= shard.completed)


def _given_up(
    account: Account, state: GangState, failing: Collection[str], reason: str, now: int
) -> tuple[Account, GangState]:
    account, _ = stopped(account)
    excluded = tuple(sorted({*state.excluded, *failing}))
    return account, GangState(GangPhase.QUEUED, now, state.attempts + 1, excluded, (), reason)


def pause(state: GangState) -> int:
    """Seconds between an attempt that failed and the next one."""
    return min(_FIRST_PAUSE * 2 ** min(state.attempts - 1, 9), _LONGEST_PAUSE) if state.attempts else 0


def may_begin(account: Account, state: GangState, unheard: Collection[str], now: int) -> bool:
    """Whether an attempt may begin, once nothing of an earlier one is left on members that answer. On one that is
    `unheard`, silent and not given up, a shard of an earlier one may still run.
    """
    return (
        state.phase is GangPhase.QUEUED
        and len(account.done) < account.total
        and now >= state.since + pause(state)
        and not any(shard.state is ShardState.LOST and shard.cluster in unheard for shard in account.shards)
    )


def begun(account: Account, state: GangState, seats: Mapping[str, Seat], now: int) -> tuple[Account, GangState]:
    """An attempt: all indexes again. What an earlier one has done stays done, but the others need its company."""
    parts = {name: (seat.indexes, seat.slots) for name, seat in seats.items()}
    places = tuple((name, seats[name].nodes) for name in sorted(seats))
    return planned(account, parts), replace(state, phase=GangPhase.RESERVING, since=now, places=places, reason="")


def gang_verdict(
    account: Account, state: GangState, clusters: Collection[str], template: Mapping[str, Any] = _NO_RULES
) -> Verdict:
    """As of any job; and failed when pods have failed for good in as many attempts as there may be, or an index has
    wherever it may be.
    """
    told = verdict(account, clusters, template)
    if told.phase is not JobPhase.RUNNING:
        return told
    failing = {shard.generation for shard in account.shards if shard.failed - account.done}
    if len(failing) >= _TRIES or account.given_up(clusters):
        return Verdict(JobPhase.FAILED, f"its pods failed in {len(failing)} attempts: {state.reason}")
    why = f" ({state.reason})" if state.reason else ""
    return Verdict(JobPhase.RUNNING, f"{state.phase}, {told.reason}{why}")
