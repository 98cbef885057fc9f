"""When a settle rolls back, by its inputs alone."""

import pytest

from kubefleet.resources.settle import rolls_back

pytestmark = pytest.mark.fast

FINE, BROKEN = {"phase": "complete", "broken": False}, {"phase": "failed", "broken": True}
SILENT, HELD = {"phase": "failed", "broken": False}, {"phase": "held", "broken": False}
STAGED = {"type": "StagedUpdate", "on_failure": "rollback"}


@pytest.mark.parametrize(
    ("strategy", "after", "back"),
    [
        (STAGED, [FINE, BROKEN, HELD], True),
        ({"type": "SpreadUpdate", "on_failure": "rollback"}, [BROKEN], True),
        (STAGED, [FINE, FINE], False),
        (STAGED, [FINE, HELD], False),
        # That members are silent says nothing of the revision.
        (STAGED, [SILENT], False),
        ({**STAGED, "on_failure": "pause"}, [BROKEN], False),
        ({"type": "RollingUpdate"}, [BROKEN], False),
        (None, [BROKEN], False),
        # Of a state that an older version has written.
        (STAGED, [{"phase": "failed"}], False),
    ],
)
def test_only_what_is_broken_goes_back_and_only_where_that_is_said(strategy, after, back):
    news = {"after": {str(number): one for number, one in enumerate(after)}}
    if strategy:
        news["strategy"] = strategy
    assert rolls_back(news) is back
