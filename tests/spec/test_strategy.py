import pytest

from kubefleet.model.strategy import RollingUpdate, Share
from kubefleet.spec.mistakes import Spelling
from kubefleet.spec.strategy import parse_strategy

pytestmark = pytest.mark.fast


def parse(**raw):
    mistakes = []
    found = parse_strategy({"type": "RollingUpdate", **raw}, "strategy", Spelling.PYTHON, mistakes)
    return found, [str(mistake) for mistake in mistakes]


def test_nothing_written_is_a_quarter_unavailable_ten_minutes_and_one_for_what_is_unverified():
    assert parse_strategy(None, "strategy", Spelling.PYTHON, []) == RollingUpdate(
        Share(25, percent=True), Share(25, percent=True), 600, 60
    )


@pytest.mark.parametrize(("written", "seconds"), [("90s", 90), ("10m", 600), ("1h30m", 5400), (45, 45), ("2h", 7200)])
def test_durations_are_seconds(written, seconds):
    found = parse(progress_deadline=written, unverified_wait=written)[0]
    assert (found.progress_deadline, found.unverified_wait) == (seconds, seconds)


@pytest.mark.parametrize(("share", "whole", "clusters"), [("25%", 4, 1), ("25%", 3, 1), ("50%", 5, 2), (3, 10, 3)])
def test_percentages_are_rounded_down_and_at_least_one(share, whole, clusters):
    assert parse(max_unavailable=share)[0].max_unavailable.of(whole) == clusters


def test_all_that_is_wrong_is_told_at_once():
    found, mistakes = parse(max_unavailable="lots", max_surge=-1, progress_deadline="soon", unverified_wait=0)
    assert found is None
    assert [mistake.split(":")[0] for mistake in mistakes] == [
        "strategy.max_unavailable",
        "strategy.max_surge",
        "strategy.progress_deadline",
        "strategy.unverified_wait",
    ]


def test_zero_unavailable_is_refused_with_the_reason():
    assert "strategy.max_unavailable: no cluster may be unavailable" in parse(max_unavailable=0)[1][0]
