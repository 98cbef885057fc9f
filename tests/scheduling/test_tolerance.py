"""Which taints are tolerated at a moment, and until when."""

from datetime import timedelta

import pytest
from makers import NOW

from kubefleet.model.taint import Effect, Taint, Toleration
from kubefleet.scheduling.tolerance import tolerated, tolerated_until

pytestmark = pytest.mark.fast

OUT = Taint("out", "", Effect.NO_EXECUTE, NOW)
UNDATED = Taint("out", "", Effect.NO_EXECUTE)
CLOSED = Taint("out", "", Effect.NO_SCHEDULE, NOW)


def for_seconds(*seconds: int | None, key: str = "out") -> list[Toleration]:
    return [Toleration(key, "Exists", seconds=each) for each in seconds]


@pytest.mark.parametrize(
    ("taint", "tolerations", "after", "expected"),
    [
        (OUT, [], 0, False),
        (OUT, for_seconds(None, key="other"), 0, False),
        (OUT, for_seconds(None), 10**6, True),
        (OUT, for_seconds(60), 59, True),
        (OUT, for_seconds(60), 60, False),
        (OUT, for_seconds(1), 0, True),
        (OUT, for_seconds(0), 0, False),
        (OUT, for_seconds(-1), 0, False),
        # The shortest counts, whatever else matches; what does not match does not count.
        (OUT, for_seconds(None, 3600, 60), 61, False),
        (OUT, [*for_seconds(3600), *for_seconds(60, key="other")], 61, True),
        # No time runs where the beginning is not known, or nothing is thrown out.
        (UNDATED, for_seconds(60), 10**6, True),
        (UNDATED, for_seconds(0), 0, False),
        (CLOSED, for_seconds(60), 10**6, True),
        (CLOSED, for_seconds(0), 0, True),
    ],
)
def test_tolerated(taint: Taint, tolerations: list[Toleration], after: int, expected: bool) -> None:
    assert tolerated(taint, tolerations, NOW + timedelta(seconds=after)) is expected


@pytest.mark.parametrize(
    ("taint", "tolerations", "seconds"),
    [
        (OUT, for_seconds(60, 90), 60),
        (OUT, [*for_seconds(90), *for_seconds(60, key="other")], 90),
        (OUT, for_seconds(None), None),
        (OUT, [], None),
        (UNDATED, for_seconds(60), None),
        (CLOSED, for_seconds(60), None),
    ],
)
def test_until_when(taint: Taint, tolerations: list[Toleration], seconds: int | None) -> None:
    until = tolerated_until(taint, tolerations)
    assert until == (None if seconds is None else NOW + timedelta(seconds=seconds))
