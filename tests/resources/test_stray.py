"""What is remembered of placements that are no longer declared."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from kubefleet.model.access import Kubeconfig
from kubefleet.model.cluster import Cluster, ClusterState
from kubefleet.model.holding import Holding
from kubefleet.model.snapshot import Snapshot
from kubefleet.resources import _engine, _session
from kubefleet.resources._stray import find_stray
from kubefleet.resources.outcome import OutcomeProvider

pytestmark = pytest.mark.fast

HELD = Holding("1", "web", "shop", "r1", completed=True)
GONE = {"1": "shop/web"}
NOBODY: frozenset[str] = frozenset()


def fleet(*clusters: Cluster) -> Snapshot:
    return Snapshot(datetime(2026, 1, 1, tzinfo=UTC), clusters)


def test_what_is_removed_in_this_run_is_remembered_but_not_stray() -> None:
    assert find_stray(fleet(Cluster("a", holdings=(HELD,))), {}, GONE, NOBODY) == (GONE, {})


def test_what_is_still_there_in_a_later_run_is_stray() -> None:
    snapshot = fleet(Cluster("a"), Cluster("b", holdings=(HELD,)))
    assert find_stray(snapshot, GONE, {}, NOBODY) == (GONE, {"b": GONE})


def test_it_is_remembered_while_a_member_is_silent_and_then_forgotten() -> None:
    silent = Cluster("b", state=ClusterState.UNREACHABLE)
    assert find_stray(fleet(Cluster("a"), silent), GONE, {}, NOBODY) == (GONE, {})
    assert find_stray(fleet(Cluster("a"), Cluster("b")), GONE, {}, NOBODY) == ({}, {})


def test_what_others_hold_and_what_is_declared_again_is_not_stray() -> None:
    snapshot = fleet(Cluster("a", holdings=(HELD,)))
    assert find_stray(snapshot, {}, {}, NOBODY) == ({}, {})
    assert find_stray(snapshot, GONE, {}, frozenset({"1"})) == ({}, {})


def test_a_member_that_is_silent_again_is_asked_again_by_the_next_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(_session.unreachable, ("b", Kubeconfig("b", "")), "no answer")
    news = {"fleet": "shop", "phases": {}, "members": {"b": {"access": {"context": "b"}}}, "stray": {"b": GONE}}
    outcome = OutcomeProvider()
    assert outcome.check({}, news).failures == []
    after = outcome.update("shop", {}, news).outs
    assert after["pending"] == ["b"]
    assert outcome.diff("shop", after, news).changes


def test_an_unexpected_error_is_told_and_tried_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBEFLEET_LOGS", str(tmp_path))
    broken = {"fleet": "shop", "phases": {}, "members": {}, "stray": {"b": GONE}}
    outcome, told = OutcomeProvider(), list[str]()
    monkeypatch.setattr(_engine, "show", lambda message, **_: told.append(message))
    after = outcome.update("shop", broken, broken).outs
    assert ["unexpected KeyError" in line for line in told] == [True]
    assert outcome.diff("shop", after, broken).changes
