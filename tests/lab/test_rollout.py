"""Stages and their end on real clusters, with members that stop answering in between."""

import json
import subprocess
from dataclasses import replace

import pytest
from lab_objects import crd

from kubefleet.kube import Unreachable, connect
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.model.phase import Phase
from kubefleet.model.strategy import RollingUpdate, Share
from kubefleet.rollout.settle import run_settle
from kubefleet.rollout.task import Task
from kubefleet.rollout.walk import run_rollout

pytestmark = pytest.mark.lab

KEY = "Deployment/default/moving"
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "moving", "namespace": "default"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "moving"}},
        "template": {
            "metadata": {"labels": {"app": "moving"}},
            "spec": {"containers": [{"name": "main", "image": "moving:1"}]},
        },
    },
}


@pytest.fixture
def warnings():
    """What the tasks of the test have warned of."""
    return []


@pytest.fixture
def task(quickstart_lab, warnings):
    """Makes tasks of one placement; what it has placed is removed afterwards."""
    connections = {}

    def make(target, *, revision="one", lost=(), image="moving:1", unavailable=1):
        def reach(name):
            if name in lost:
                raise Unreachable(name, "cut off by the test")
            if name not in connections:
                connections[name] = connect(name, quickstart_lab.access(name))
            return connections[name]

        manifest = json.loads(json.dumps(DEPLOYMENT).replace("moving:1", image))
        return Task(
            identity=PlacementIdentity("00000000000000aa", "moving", "shop", "org/project/test"),
            manifests={"apps/v1/Deployment/default/moving": manifest},
            revision=revision,
            target={cluster: {KEY: count} for cluster, count in target.items()},
            members=("eu-1", "eu-2", "us-1"),
            strategy=RollingUpdate(Share(unavailable), progress_deadline=60),
            connect=reach,
            show=lambda _: None,
            warn=warnings.append,
        )

    yield make
    assert run_settle(make({})).phase is Phase.COMPLETE
    for connection in connections.values():
        connection.close()


def kubectl(lab, cluster, *arguments):
    command = ["kubectl", f"--kubeconfig={lab.kubeconfig}", f"--context={cluster}", *arguments]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def images(lab):
    path = "jsonpath={.spec.template.spec.containers[0].image}"
    return {name: kubectl(lab, name, "get", "deploy", "moving", "-o", path) for name in ("eu-1", "eu-2", "us-1")}


def replicas(lab, cluster):
    text = kubectl(lab, cluster, "get", "deploy", "moving", "--ignore-not-found", "-o", "json")
    return json.loads(text)["spec"]["replicas"] if text else None


def test_a_move_takes_nothing_away_while_its_destination_does_not_answer(task, quickstart_lab):
    assert run_rollout(task({"eu-1": 2})).phase is Phase.COMPLETE
    assert run_settle(task({"eu-1": 2})).phase is Phase.COMPLETE

    cut = task({"us-1": 2}, lost={"us-1"})
    assert run_rollout(cut).pending == ("us-1",)
    settled = run_settle(cut)
    assert settled.pending == ("us-1",)
    assert replicas(quickstart_lab, "eu-1") == 2

    back = task({"us-1": 2})
    assert run_rollout(back).phase is Phase.COMPLETE
    assert run_settle(back).phase is Phase.COMPLETE
    assert (replicas(quickstart_lab, "eu-1"), replicas(quickstart_lab, "us-1")) == (None, 2)


def test_a_cluster_that_the_stage_missed_is_not_recorded_as_done_when_it_is_back_for_the_end(task, quickstart_lab):
    both = {"eu-1": 2, "eu-2": 2}
    for run in (run_rollout, run_settle):
        assert run(task(both)).phase is Phase.COMPLETE
    two = {"revision": "two", "image": "moving:2", "unavailable": 2}
    missed = run_rollout(task(both, **two, lost={"eu-2"}))
    assert (missed.phase, missed.pending) == (Phase.COMPLETE, ("eu-2",))
    settled = run_settle(replace(task(both, **two), behind=frozenset(missed.pending)))
    assert (settled.phase, settled.pending) == (Phase.COMPLETE, ("eu-2",))
    since = quickstart_lab.audited("eu-2")
    for run in (run_rollout, run_settle):
        assert run(task(both, **two)).pending == ()
    written = {write.resource for write in quickstart_lab.writes("eu-2", since) if write.user == "lab-admin"}
    assert "deployments" in written


def test_beside_a_member_that_is_silent_only_what_is_broken_changes(task, quickstart_lab):
    three = dict.fromkeys(("eu-1", "eu-2", "us-1"), 1)
    for run in (run_rollout, run_settle):
        assert run(task(three)).phase is Phase.COMPLETE
    since = quickstart_lab.audited("eu-1")
    two = {"revision": "two", "image": "moving:2", "lost": {"us-1"}}
    refused = run_rollout(task(three, **two))
    assert (refused.phase, refused.broken, refused.pending) == (Phase.FAILED, False, ("eu-1", "eu-2", "us-1"))
    assert refused.reason == (
        "us-1 is pending: cut off by the test; "
        "`max_unavailable` lets no other be changed beside us-1 (cannot be reached): eu-1, eu-2"
    )
    assert [write for write in quickstart_lab.writes("eu-1", since) if write.user == "lab-admin"] == []
    kubectl(quickstart_lab, "eu-1", "taint", "nodes", "--all", "full=yes:NoSchedule")
    try:
        kubectl(quickstart_lab, "eu-1", "delete", "pod", "-l", "app=moving")
        mended = run_rollout(replace(task(three, **two), strategy=RollingUpdate(Share(1), progress_deadline=5)))
    finally:
        kubectl(quickstart_lab, "eu-1", "taint", "nodes", "--all", "full-")
    assert mended.reason.startswith("eu-1: Deployment default/moving is not available")
    assert images(quickstart_lab) == {"eu-1": "moving:2", "eu-2": "moving:1", "us-1": "moving:1"}


def test_what_another_stack_has_placed_under_this_uid_is_not_taken_over(task, quickstart_lab):
    for run in (run_rollout, run_settle):
        assert run(task({"eu-1": 2})).phase is Phase.COMPLETE
    since = quickstart_lab.audited("eu-1")
    refused = run_rollout(replace(task({"eu-1": 1}), fresh=True))
    assert refused.phase is Phase.FAILED
    assert refused.reason.startswith("eu-1: another stack of this name has placed it there")
    assert [write for write in quickstart_lab.writes("eu-1", since) if write.user == "lab-admin"] == []


def test_a_stage_alone_never_scales_down(task, quickstart_lab):
    assert run_rollout(task({"eu-1": 3})).phase is Phase.COMPLETE
    assert run_settle(task({"eu-1": 3})).phase is Phase.COMPLETE
    fewer = task({"eu-1": 1, "eu-2": 2})
    assert run_rollout(fewer).phase is Phase.COMPLETE
    assert (replicas(quickstart_lab, "eu-1"), replicas(quickstart_lab, "eu-2")) == (3, 2)
    assert run_settle(fewer).phase is Phase.COMPLETE
    assert (replicas(quickstart_lab, "eu-1"), replicas(quickstart_lab, "eu-2")) == (1, 2)


def test_running_a_finished_stage_again_writes_nothing(task, quickstart_lab):
    done = task({"eu-1": 2})
    run_rollout(done)
    run_settle(done)
    since = quickstart_lab.audited("eu-1")
    assert run_rollout(done).phase is Phase.COMPLETE
    assert run_settle(done).phase is Phase.COMPLETE
    assert [write for write in quickstart_lab.writes("eu-1", since) if write.user == "lab-admin"] == []


def test_a_copy_that_never_becomes_available_fails_the_stage_by_cluster_object_and_reason(task):
    stuck = task({"eu-1": 1})
    stuck.manifests["apps/v1/Deployment/default/moving"]["spec"]["template"]["spec"]["nodeSelector"] = {"no": "where"}
    result = run_rollout(replace(stuck, strategy=RollingUpdate(progress_deadline=4)))
    assert result.phase is Phase.FAILED
    assert result.reason.startswith("eu-1: Deployment default/moving is not available: ")


def test_an_update_that_stalls_is_not_available_though_its_old_pods_are_nor_when_it_is_run_again(task):
    assert run_rollout(task({"eu-1": 4})).phase is Phase.COMPLETE
    update = task({"eu-1": 4}, revision="two")
    update.manifests["apps/v1/Deployment/default/moving"]["spec"]["template"]["spec"]["nodeSelector"] = {"no": "where"}
    for _ in range(2):
        result = run_rollout(replace(update, strategy=RollingUpdate(progress_deadline=4)))
        assert result.phase is Phase.FAILED
        assert "of 4 pods updated when its time was up" in result.reason


CRD = crd("things", "rollout.test")
THING = {"apiVersion": "rollout.test/v1", "kind": "Thing", "metadata": {"name": "silent", "namespace": "default"}}


def test_what_nobody_can_tell_passes_with_a_warning(task, warnings):
    silent = task({"eu-1": 1})
    silent.manifests.update({"crd": CRD, "thing": THING})
    assert run_rollout(replace(silent, strategy=RollingUpdate(progress_deadline=60, unverified_wait=2))).phase is (
        Phase.COMPLETE
    )
    assert warnings == ["eu-1: Thing default/silent: health is unverified: passed after 2 s"]
    assert run_settle(silent).phase is Phase.COMPLETE


def test_replicas_of_a_custom_resource_go_up_in_the_stage_and_down_at_its_end(task):
    annotations = {"pulumi-kubefleet/replicas-path": ".spec.size.wanted"}
    scaled = {**THING, "metadata": {**THING["metadata"], "annotations": annotations}, "spec": {"size": {"wanted": 9}}}

    def divided(**counts):
        made = task(dict.fromkeys(counts, 1))
        made.manifests.update({"crd": CRD, "thing": scaled})
        target = {name: {KEY: 1, "Thing/default/silent": count} for name, count in counts.items()}
        strategy = RollingUpdate(progress_deadline=60, unverified_wait=0.5)
        return replace(made, target=target, strategy=strategy, divided=True)

    def sizes(made):
        path = "/apis/rollout.test/v1/namespaces/default/things/silent"
        return {name: made.connect(name).get(path)["spec"]["size"]["wanted"] for name in made.target}

    first = divided(**{"eu-1": 4})
    assert run_rollout(first).phase is Phase.COMPLETE
    assert run_settle(first).phase is Phase.COMPLETE
    assert sizes(first) == {"eu-1": 4}
    moved = divided(**{"eu-1": 1, "us-1": 3})
    assert run_rollout(moved).phase is Phase.COMPLETE
    assert sizes(moved) == {"eu-1": 4, "us-1": 3}
    assert run_settle(moved).phase is Phase.COMPLETE
    assert sizes(moved) == {"eu-1": 1, "us-1": 3}


def test_a_claim_whose_class_waits_for_a_pod_holds_nothing_up(task):
    late = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "late"},
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer",
    }
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": "default"},
        "spec": {
            "storageClassName": "late",
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    claiming = task({"eu-1": 1})
    claiming.manifests.update({"class": late, "claim": claim})
    try:
        assert run_rollout(claiming).phase is Phase.COMPLETE
        assert run_settle(claiming).phase is Phase.COMPLETE
    finally:
        # Claims are never pruned.
        path = "/api/v1/namespaces/default/persistentvolumeclaims/data"
        claiming.connect("eu-1").delete(path)
