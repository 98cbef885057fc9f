"""Which pods of a StatefulSet its update would wait for in vain."""

import pytest

from kubefleet.kube.abandoned_pods import is_abandoned

pytestmark = pytest.mark.fast

SET = {"metadata": {"uid": "s"}, "status": {"currentRevision": "one", "updateRevision": "three"}}
STUCK = [{"state": {"waiting": {"reason": "ImagePullBackOff"}}}]


def pod(revision, *, ready=False, owner="s", **more):
    return {
        "metadata": {
            "labels": {"controller-revision-hash": revision},
            "ownerReferences": [{"uid": owner, "controller": True}],
            **more,
        },
        "status": {"conditions": [{"type": "Ready", "status": "True" if ready else "False"}]},
    }


@pytest.mark.parametrize(
    ("found", "abandoned"),
    [
        (pod("two"), True),  # of a revision that was given up
        (pod("two", ready=True), False),  # works: its turn comes
        (pod("one"), False),  # may only be starting: a database that reads its log
        ({**pod("one"), "status": {"containerStatuses": STUCK}}, True),  # never will
        (pod("three"), False),  # the new one: Kubernetes waits for it, rightly
        ({**pod("three"), "status": {"containerStatuses": STUCK}}, False),
        (pod("two", owner="another"), False),
        (pod("two", deletionTimestamp="2026-01-01T00:00:00Z"), False),
    ],
)
def test_a_pod_is_abandoned_when_it_is_outdated_and_will_not_become_ready(found, abandoned):
    assert is_abandoned(found, SET) is abandoned
