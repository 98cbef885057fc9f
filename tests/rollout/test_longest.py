"""How long a rollout may take at the most, as the preview tells it."""

import pytest

from kubefleet.model.gate import Approval, Check, Wait
from kubefleet.model.strategy import RollingUpdate, Share, Stage, StagedUpdate
from kubefleet.report.duration_text import duration_text
from kubefleet.rollout.longest import longest_stage, longest_walk

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("stage", "clusters", "whole", "seconds"),
    [
        (Stage("a"), 0, 0, 0),
        (Stage("a"), 3, 3, 300),
        (Stage("a", max_concurrency=Share(2)), 3, 3, 200),
        (Stage("a", max_concurrency=Share(50, percent=True)), 3, 8, 100),
        (Stage("a", after=(Wait(30), Wait(70))), 1, 1, 170),
        (Stage("a", before=(Approval(), Check("it", deadline=5)), after=(Check("it", deadline=7),)), 1, 1, 112),
    ],
)
def test_a_stage_takes_its_deadlines_its_waits_and_its_checks(stage, clusters, whole, seconds):
    assert longest_stage(StagedUpdate((stage,), progress_deadline=100), stage, clusters, whole) == seconds


@pytest.mark.parametrize(("unavailable", "clusters", "rounds"), [(Share(1), 3, 3), (Share(2), 3, 2), (Share(9), 3, 1)])
def test_an_update_in_place_takes_as_many_rounds_as_the_budget_makes(unavailable, clusters, rounds):
    assert longest_walk(RollingUpdate(unavailable, progress_deadline=100), clusters, clusters) == 100 * rounds


@pytest.mark.parametrize(("seconds", "text"), [(0, "0s"), (45, "45s"), (600, "10m"), (5400, "1h30m"), (3661, "1h1m1s")])
def test_durations_are_told_as_they_are_written(seconds, text):
    assert duration_text(seconds) == text
