"""Seeded rollouts on real clusters while things break: the promise is kept, and the rollout ends where it was to.

`make soak` runs them all (`SEEDS=50` for more); `make lab` the first ones.
"""

import os
import sys

import pytest
from soak_run import soak

SEEDS = int(os.environ.get("SEEDS", "20"))
IN_LAB = 3


CASES = [
    pytest.param(str(seed), marks=[pytest.mark.soak, *([pytest.mark.lab] if seed < IN_LAB else [])])
    for seed in range(max(SEEDS, IN_LAB))
]


@pytest.mark.parametrize("seed", CASES)
def test_whatever_breaks_the_budget_is_kept_and_the_rollout_ends(quickstart_lab, seed):
    report = soak(quickstart_lab, seed)
    sys.stdout.write(f"\n{report}\n")
    assert report.violations == [], report.said
    assert report.unfinished == [], report.said
    assert report.said[-1] == "complete: ", report.said


@pytest.mark.lab
@pytest.mark.soak
@pytest.mark.parametrize(
    ("how", "scenario", "least"),
    [("greedy", "down-by-one", 7), ("hasty", "up-by-one", 8)],
)
def test_an_executor_that_is_broken_is_caught(quickstart_lab, how, scenario, least):
    broken, sound = soak(quickstart_lab, scenario, how), soak(quickstart_lab, scenario)
    sys.stdout.write(f"\n{how}: {broken}\nsound: {sound}\n")
    assert any(f"of at least {least}" in line for line in broken.violations), broken.said
    assert any("takes" in line for line in broken.violations), broken.said
    assert sound.violations == []
    assert sound.unfinished == []
    assert sound.seen.lowest() == least
