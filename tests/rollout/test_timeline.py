"""What happened when."""

import pytest

from kubefleet.rollout.timeline import Timeline

pytestmark = pytest.mark.fast


def test_moments_are_told_in_order_after_those_of_the_run_before():
    clock = iter([0.1, 61.9])
    timeline = Timeline(lambda: next(clock))
    timeline.note("eu-1 changes")
    timeline.note("eu-1 is healthy")
    assert timeline.lasted == 62
    assert timeline.after(["before"]) == [
        "before",
        "1970-01-01T00:00:00Z eu-1 changes",
        "1970-01-01T00:01:01Z eu-1 is healthy",
    ]


def test_the_last_hundred_are_kept():
    timeline = Timeline(lambda: 0)
    for number in range(150):
        timeline.note(str(number))
    lines = timeline.after(["before"])
    assert len(lines) == 100
    assert lines[0].endswith(" 50")


def test_what_is_told_at_the_end_has_no_dates_and_leaves_out_the_middle():
    timeline = Timeline(lambda: 61)
    for number in range(20):
        timeline.note(f"step {number}")
    assert timeline.told()[0] == "00:01:01 step 0"
    assert len(timeline.told()) == 20
    timeline.note("step 20")
    told = timeline.told()
    assert (told[9], told[10], told[11], told[-1]) == (
        "00:01:01 step 9",
        "... 1 more",
        "00:01:01 step 11",
        "00:01:01 step 20",
    )
