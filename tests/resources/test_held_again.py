"""What a preview says of a rollout that was held, where nothing else has changed."""

import pytest
from pulumi.output import Unknown

from kubefleet.resources._held_again import held_again

pytestmark = pytest.mark.fast

STRATEGY = {"type": "StagedUpdate", "stages": [{"name": "us", "selector": ["us-1"], "before": [{"type": "Approval"}]}]}
SAME = {"placement": "web", "revision": "abc", "to": {"us-1": {}}}
STAGE = {**SAME, "stage": "us", "strategy": STRATEGY, "after": {"canary": {"phase": "complete"}}}
UNASKED = {**STAGE, "strategy": {**STRATEGY, "stages": [{"name": "us", "selector": ["us-1"]}]}}
HELD = {"phase": "held", "reason": "it leaves eu-1 only so"}
REMOVAL = {**HELD, "awaits": "abc:eu-1"}
NEEDS = "held: revision abc needs an approval: `kubefleet approve web us`, then `pulumi up` again"


@pytest.mark.parametrize(
    ("olds", "news", "told"),
    [
        (HELD, STAGE, NEEDS),
        (HELD, {**STAGE, "approvals": ["web/us@abd"]}, NEEDS),
        (HELD, {**STAGE, "approvals": ["web/us@abc"]}, "goes on"),
        (HELD, UNASKED, "goes on"),
        # Whether the stage before goes on is not known in a preview.
        (HELD, {**STAGE, "after": {"canary": {"phase": Unknown()}}}, NEEDS),
        (HELD, {**UNASKED, "after": {"canary": {"phase": Unknown()}}}, "held: waits for stage `canary`"),
        (HELD, {**UNASKED, "after": {"canary": {"phase": "failed"}}}, "held: waits for stage `canary`"),
        (HELD, {**UNASKED, "after": Unknown()}, "held: waits for the stages before"),
        (HELD, SAME, "goes on"),
        (REMOVAL, SAME, "held: it leaves eu-1 only so"),
        (REMOVAL, {**SAME, "approvals": ["web/removal@abc:eu-1,eu-2"]}, "goes on: the removal is approved"),
        (
            REMOVAL,
            {**SAME, "approvals": ["web/removal@abc:eu-2", "web/removal@abd:eu-1"]},
            "held: it leaves eu-1 only so",
        ),
        # Told by what changes, or by what pauses it.
        (HELD, {**STAGE, "revision": "abd"}, ""),
        (HELD, {**STAGE, "to": {}}, ""),
        (HELD, {**STAGE, "paused": True}, ""),
        ({"phase": "complete"}, STAGE, ""),
        ({"phase": "failed"}, STAGE, ""),
    ],
)
def test_what_is_held_says_so_again_until_it_has_what_it_waits_for(olds, news, told):
    assert held_again({**SAME, **olds}, news) == told
