"""Until a run of a new placement has come to its end, what is there already is another stack's."""

import pytest

from kubefleet.resources import _session
from kubefleet.resources.stage import StageProvider, never_placed

pytestmark = pytest.mark.fast

NEWS = {"uid": "0a", "to": {"eu-1": {}}}


@pytest.fixture
def session(monkeypatch):
    monkeypatch.setattr(_session, "before", {})
    monkeypatch.setattr(_session, "gone", set())


@pytest.mark.parametrize(
    ("phases", "fresh"),
    [
        ([], True),
        (["held"], True),
        (["held", "failed", "interrupted"], True),
        (["complete"], False),
        (["held", "complete"], False),
        (["complete", "failed"], False),
    ],
)
def test_runs_that_were_held_or_refused_have_placed_nothing(session, monkeypatch, phases, fresh):
    olds = None
    for phase in phases:
        monkeypatch.setattr(StageProvider, "_walked", lambda *_, phase=phase: {**NEWS, "phase": phase, "pending": []})
        olds = StageProvider().applied(olds, NEWS)
    assert never_placed(olds, NEWS) is fresh


def test_a_stage_that_is_new_to_a_placement_that_was_there_has_placed_it(session):
    _session.before["0a"] = {"v1/ConfigMap/shop/a": {}}
    assert not never_placed(None, NEWS)


def test_what_this_stack_has_removed_and_may_still_be_there_is_its_own(session):
    _session.gone.add("0a")
    assert not never_placed(None, NEWS)
    assert not never_placed({"fresh": True}, NEWS)


def test_a_placement_that_is_paused_from_the_beginning_is_still_new_afterwards(session):
    held = StageProvider().applied(None, {**NEWS, "paused": True})
    assert (held["phase"], never_placed(held, NEWS)) == ("held", True)
