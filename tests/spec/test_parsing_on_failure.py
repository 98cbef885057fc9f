"""What a strategy says of failures: as written, and what it means."""

import pytest

from kubefleet.model.on_failure import OnFailure, Then
from kubefleet.model.strategy import Share
from kubefleet.spec.mistakes import Spelling
from kubefleet.spec.strategy import parse_strategy

pytestmark = pytest.mark.fast

STAGES = [{"name": "canary", "selector": ["a"]}]
KINDS = [{"type": "RollingUpdate"}, {"type": "SpreadUpdate"}, {"type": "StagedUpdate", "stages": STAGES}]


def parse(kind, **written):
    mistakes = []
    found = parse_strategy({**kind, **written}, "strategy", Spelling.PYTHON, mistakes)
    return found, [str(mistake) for mistake in mistakes]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind["type"])
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({}, OnFailure(Then.PAUSE)),
        ({"on_failure": "pause"}, OnFailure(Then.PAUSE)),
        ({"on_failure": "rollback"}, OnFailure(Then.ROLLBACK)),
        ({"on_failure": "continue", "max_failures": 2}, OnFailure(Then.CONTINUE, Share(2))),
        ({"on_failure": "continue", "max_failures": "10%"}, OnFailure(Then.CONTINUE, Share(10, percent=True))),
    ],
)
def test_every_strategy_says_what_becomes_of_a_failure(kind, written, meant):
    found, mistakes = parse(kind, **written)
    assert not mistakes
    assert found.on_failure == meant


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind["type"])
@pytest.mark.parametrize(
    ("written", "mistake"),
    [
        ({"on_failure": "rollbak"}, "strategy.on_failure: unknown value `rollbak` (expected one of pause, rollback, "),
        ({"on_failure": "continue"}, "strategy.on_failure: `continue` without `max_failures` (expected how many"),
        ({"max_failures": 1}, "strategy.max_failures: `max_failures` with `pause` (expected beside on_failure="),
        ({"on_failure": "rollback", "max_failures": 1}, "strategy.max_failures: `max_failures` with `rollback`"),
        ({"on_failure": "continue", "max_failures": 0}, "strategy.max_failures: none may fail (expected at least 1)"),
        ({"on_failure": "continue", "max_failures": "lots"}, "strategy.max_failures: bad value `lots` (expected a"),
    ],
)
def test_what_is_wrong_with_it_is_told_by_path(kind, written, mistake):
    found, mistakes = parse(kind, **written)
    assert found is None
    assert len(mistakes) == 1
    assert mistakes[0].startswith(mistake)


@pytest.mark.parametrize(
    ("on_failure", "failed", "clusters", "goes_on"),
    [
        (OnFailure(), 0, 5, True),
        (OnFailure(), 1, 100, False),
        (OnFailure(Then.ROLLBACK), 1, 100, False),
        (OnFailure(Then.CONTINUE, Share(2)), 2, 3, True),
        (OnFailure(Then.CONTINUE, Share(2)), 3, 3, False),
        (OnFailure(Then.CONTINUE, Share(10, percent=True)), 1, 9, False),
        (OnFailure(Then.CONTINUE, Share(10, percent=True)), 1, 10, True),
        (OnFailure(Then.CONTINUE, Share(10, percent=True)), 2, 19, False),
        (OnFailure(Then.CONTINUE, Share(100, percent=True)), 3, 3, True),
    ],
)
def test_a_rollout_goes_on_after_as_many_failures_as_are_allowed(on_failure, failed, clusters, goes_on):
    assert on_failure.goes_on(failed, clusters) is goes_on
