"""What an update or a scale-down may take down: Kubernetes' own rules, kind by kind."""

import pytest

from kubefleet.rollout.pods import Pods, at_once, planned, pods_of

pytestmark = pytest.mark.fast


def deployment(unavailable=None, surge=None, **strategy):
    rolling = {
        key: value for key, value in {"maxUnavailable": unavailable, "maxSurge": surge}.items() if value is not None
    }
    return {"kind": "Deployment", "apiVersion": "apps/v1", "spec": {"strategy": {"rollingUpdate": rolling, **strategy}}}


def stateful_set(unavailable=None, kind="RollingUpdate"):
    rolling = {} if unavailable is None else {"maxUnavailable": unavailable}
    strategy = {"type": kind, "rollingUpdate": rolling}
    return {"kind": "StatefulSet", "apiVersion": "apps/v1", "spec": {"updateStrategy": strategy}}


@pytest.mark.parametrize(
    ("manifest", "replicas", "most"),
    [
        # Kubernetes' defaults: 25 % down, 25 % up; unavailable is rounded down, surge up.
        (deployment(), 1, 0),
        (deployment(), 3, 0),
        (deployment(), 4, 1),
        (deployment(), 10, 2),
        (deployment(0, 1), 10, 0),
        (deployment(3, 0), 10, 3),
        (deployment(12, 0), 10, 10),
        (deployment("30%", 0), 10, 3),
        (deployment("34%", 0), 3, 1),
        (deployment("99%", 0), 3, 2),
        (deployment("100%", 0), 3, 3),
        # Where both come to nothing one may be unavailable, as the controller has it.
        (deployment("10%", 0), 3, 1),
        (deployment(0, "0%"), 3, 1),
        (deployment("0%", "1%"), 3, 0),
        (deployment(type="Recreate"), 7, 7),
        (deployment(), 0, 0),
        (stateful_set(), 5, 1),
        (stateful_set(2), 5, 2),
        (stateful_set("20%"), 5, 1),
        (stateful_set("21%"), 5, 2),
        (stateful_set(kind="OnDelete"), 5, 0),
        # Nothing is known of how others update.
        ({"kind": "Workers", "apiVersion": "example.com/v1"}, 4, 4),
        ({"kind": "ReplicationController", "apiVersion": "v1"}, 2, 2),
    ],
)
def test_an_update_takes_down_what_the_workloads_own_strategy_says(manifest, replicas, most):
    assert at_once(manifest, replicas) == most


@pytest.mark.parametrize(
    ("pods", "left", "by_update"),
    [
        (Pods(10, 10, "old", at_once=2), 10, 8),
        (Pods(10, 10, "new", at_once=2), 10, 10),
        # Mending costs nothing: the controller takes none down while too few are there.
        (Pods(10, 8, "old", at_once=2), 8, 8),
        (Pods(10, 3, "old", at_once=2), 3, 3),
        (Pods(10, 9, "old", at_once=2), 9, 8),
        # An update under way may still take down what it may.
        (Pods(10, 10, "new", steady=False, at_once=2), 8, 8),
        (Pods(10, 10, "old", steady=False, at_once=2), 8, 8),
        (Pods(10, 7, "new", steady=False, at_once=2), 7, 7),
        # Surplus pods are on their way out.
        (Pods(4, 10, "new"), 4, 4),
        (Pods(5, 5, "old", at_once=5), 5, 0),
        (Pods(5, 5, "old", at_once=1, ordered=True), 5, 4),
        # A StatefulSet takes the next one down, although others are down already.
        (Pods(5, 3, "old", at_once=1, ordered=True), 3, 2),
        (Pods(5, 0, "old", at_once=1, ordered=True), 0, 0),
        (Pods(5, 5, "old", at_once=0, ordered=True), 5, 5),
        (Pods(0, 0, "old"), 0, 0),
        # The update brings another strategy along: that one counts.
        (Pods(5, 5, "old", at_once=1, next_at_once=5), 5, 0),
        (Pods(5, 5, "old", at_once=5, next_at_once=1), 5, 4),
        # What is under way goes by the one that is there.
        (Pods(5, 5, "old", steady=False, at_once=2, next_at_once=0), 3, 3),
    ],
)
def test_what_is_left_while_the_template_changes(pods, left, by_update):
    assert (pods.left, pods.left_by_update("new")) == (left, by_update)


@pytest.mark.parametrize(
    ("pods", "replicas", "left"),
    [
        (Pods(10, 10), 6, 6),
        (Pods(10, 7), 6, 6),
        # Deployments give up pods that are not available first.
        (Pods(10, 4), 6, 4),
        (Pods(10, 10), 10, 10),
        (Pods(10, 10), 0, 0),
        (Pods(10, 10, ordered=True), 6, 6),
        # StatefulSets the last ones, whatever they are.
        (Pods(10, 7, ordered=True), 6, 3),
        (Pods(10, 2, ordered=True), 6, 0),
        # An update that is under way goes on with what is left.
        (Pods(10, 10, steady=False, at_once=3), 9, 6),
        (Pods(10, 10, steady=False, ordered=True), 6, 5),
    ],
)
def test_what_is_left_while_there_become_fewer(pods, replicas, left):
    assert pods.left_by_scale(replicas) == left


@pytest.mark.parametrize(
    ("pods", "update", "scale"),
    [
        (Pods(4, 4, "old"), False, False),
        (Pods(4, 3, "old"), True, True),
        (Pods(4, 4, "new"), True, False),
        # Nobody has seen yet what an earlier step did: what it may take down is not free to take.
        (Pods(1, 1, "new", steady=False), True, False),
        (Pods(4, 4, "old", steady=False), False, False),
        (Pods(4, 3, "old", steady=False), True, False),
        (Pods(4, 2, "old", steady=False), True, True),
    ],
)
def test_which_steps_are_free(pods, update, scale):
    assert pods.free_to_update("new") is update
    assert pods.free_to_scale(pods.replicas - 1) is scale


def test_a_live_object_is_read_as_its_api_server_reports_it():
    live = deployment(1) | {
        "metadata": {"generation": 3, "annotations": {"pulumi-kubefleet/revision": "abc"}},
        "status": {"observedGeneration": 3, "availableReplicas": 4, "updatedReplicas": 5},
    }
    live["spec"] = {**live["spec"], "replicas": 5}
    assert pods_of(live) == Pods(5, 4, "abc", steady=True, at_once=1)
    live["status"]["updatedReplicas"] = 2
    assert not pods_of(live).steady
    live["status"] |= {"updatedReplicas": 5, "replicas": 6}
    assert not pods_of(live).steady, "an old pod still runs"
    live["status"] |= {"replicas": 5, "observedGeneration": 2}
    assert (pods_of(live).steady, pods_of(live).observed) == (False, False)
    # Of others' kinds not all controllers say what they have seen.
    assert pods_of({"kind": "Workers", "apiVersion": "example.com/v1", "spec": {"replicas": 2}}).observed
    assert pods_of({"kind": "Deployment", "apiVersion": "apps/v1"}) == Pods(
        0, 0, steady=False, at_once=0, observed=False
    )


def test_a_planned_workload_is_as_it_should_be():
    assert planned(deployment(type="Recreate"), 6, "new") == Pods(6, 6, "new", at_once=6)
