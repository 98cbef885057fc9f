"""Pods counted over the fleet on real clusters: every kind of strategy, and a member that falls silent on the way."""

import copy
import os
import signal
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from availability import watch
from kubefleet.kube import connect
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.model.phase import Phase
from kubefleet.model.strategy import Share, SpreadUpdate
from kubefleet.rollout.settle import run_settle
from kubefleet.rollout.task import Result, Task
from kubefleet.rollout.walk import run_rollout

pytestmark = pytest.mark.lab

MEMBERS = ("eu-1", "eu-2", "us-1")


def workload(kind, image, strategy):
    template = {"metadata": {"labels": {"app": "spread"}}, "spec": {"containers": [{"name": "main", "image": image}]}}
    field = "strategy" if kind == "Deployment" else "updateStrategy"
    spec = {"selector": {"matchLabels": {"app": "spread"}}, "template": template, field: copy.deepcopy(strategy)}
    if kind == "StatefulSet":
        spec["serviceName"] = "spread"
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "spread", "namespace": "default"}, "spec": spec}


@pytest.fixture
def task(quickstart_lab):
    """Makes tasks of one placement; what it has placed is removed afterwards."""
    connections, shown = {name: connect(name, quickstart_lab.access(name)) for name in MEMBERS}, []

    def make(target, *, revision="one", kind="Deployment", strategy=(), least=10, surge=2, deadline=60):
        key = f"{kind}/default/spread"
        return Task(
            identity=PlacementIdentity("00000000000000cc", "spread", "shop", "org/project/test"),
            manifests={f"apps/v1/{key}": workload(kind, f"spread:{revision}", dict(strategy))},
            revision=revision,
            target={cluster: {key: count} for cluster, count in target.items()},
            members=MEMBERS,
            strategy=SpreadUpdate(max_surge=Share(surge), min_available=Share(least), progress_deadline=deadline),
            connect=connections.__getitem__,
            show=shown.append,
            warn=shown.append,
        )

    make.shown = shown
    yield make
    assert run_settle(make({})).phase is Phase.COMPLETE
    for connection in connections.values():
        connection.close()


def done(task):
    for run in (run_rollout, run_settle):
        result = run(task)
        assert result.phase is Phase.COMPLETE, result.reason


def watched(lab, begin, kind="Deployment"):
    time.sleep(0.2)
    return watch({name: list(lab.audit(name)) for name in MEMBERS}, "spread", begin, f"{kind.lower()}s")


@pytest.mark.parametrize(
    ("kind", "strategy", "least"),
    [
        ("Deployment", {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}}, 5),
        ("Deployment", {"type": "Recreate"}, 3),
        ("StatefulSet", {"type": "RollingUpdate"}, 5),
    ],
)
def test_an_update_and_a_move_together_keep_the_budget(task, quickstart_lab, kind, strategy, least):
    options = {"kind": kind, "strategy": strategy, "least": least, "surge": 1}
    done(task({"eu-1": 3, "eu-2": 3}, **options))
    begin = datetime.now(UTC)
    done(task({"eu-2": 3, "us-1": 3}, revision="two", **options))
    seen = watched(quickstart_lab, begin, kind)
    assert seen.violations(least) == []
    assert {moment.cluster for moment in seen.moments if moment.at >= begin and moment.desired} >= {"eu-2", "us-1"}


def test_a_member_that_falls_silent_counts_as_none_and_the_rollout_goes_on_when_it_is_back(task, quickstart_lab):
    done(task({"eu-1": 6, "eu-2": 6}))
    begin, results = datetime.now(UTC), []
    leaving = task({"eu-1": 6, "us-1": 6}, deadline=90)
    quickstart_lab.delay("us-1", 200)
    run = threading.Thread(target=lambda: results.append(run_rollout(leaving)))
    run.start()
    # When the move has begun, what stays falls silent: of 12 pods 6 cannot be read.
    until = time.monotonic() + 30
    while not any(moment.cluster == "us-1" for moment in watched(quickstart_lab, begin).moments):
        assert time.monotonic() < until
    quickstart_lab.kill("eu-1")
    silent = datetime.now(UTC)
    until = time.monotonic() + 45
    while not any("waits for" in line and "eu-1" in line for line in task.shown):
        assert time.monotonic() < until, task.shown
        time.sleep(0.2)
    before = watched(quickstart_lab, silent)
    quickstart_lab.heal("us-1")
    quickstart_lab.restart("eu-1")
    back = datetime.now(UTC)
    run.join()
    assert [result.phase for result in results] == [Phase.COMPLETE], results
    assert run_settle(leaving).phase is Phase.COMPLETE
    taken = [moment for moment in before.moments if silent <= moment.at < back and moment.cluster == "eu-2"]
    assert len({moment.desired for moment in taken}) <= 1, "pods were taken down while six could not be read"
    assert watched(quickstart_lab, begin).violations(10) == []


def test_beside_an_address_pods_stay_until_it_may_go(task, quickstart_lab):
    done(task({"eu-1": 3, "eu-2": 3}, least=5, surge=2))
    begin, found = datetime.now(UTC), []
    moving = replace(task({"eu-2": 3, "us-1": 3}, least=5, surge=2), lingers=True)
    assert run_rollout(moving).phase is Phase.COMPLETE

    def gate(removals):
        moments = watched(quickstart_lab, begin).moments
        found.append((removals, [moment.available for moment in moments if moment.cluster == "eu-1"][-1]))

    assert run_settle(moving, gate).phase is Phase.COMPLETE
    assert found == [(("eu-1",), 2)]
    seen = watched(quickstart_lab, begin)
    assert seen.violations(5, 8) == []
    assert seen.lowest() >= 5
    assert [moment.desired for moment in seen.moments if moment.cluster == "eu-1"][-1] == 0


def test_it_is_complete_when_the_controllers_have_seen_it(task, quickstart_lab):
    done(task({"eu-1": 3, "eu-2": 3}))
    (manager,) = (
        process.pid
        for cluster in quickstart_lab.status().clusters
        for process in cluster.processes
        if (cluster.name, process.name) == ("eu-1", "kube-controller-manager")
    )
    results: list[Result] = []
    fewer = task({"eu-1": 1, "eu-2": 3}, least=3)
    run = threading.Thread(target=lambda: results.append(run_rollout(fewer)))
    os.kill(manager, signal.SIGSTOP)
    try:
        run.start()
        run.join(timeout=4)
        assert results == []
        assert task.shown[-1].endswith("waits for eu-1")
    finally:
        os.kill(manager, signal.SIGCONT)
        run.join()
    assert [result.phase for result in results] == [Phase.COMPLETE], results


def test_a_budget_that_no_step_fits_is_told_at_once(task):
    options = {"least": 4, "surge": 1}
    done(task({"eu-1": 3, "eu-2": 3}, **options))
    # The new revision brings the strategy along that is too much.
    result = run_rollout(task({"eu-1": 3, "eu-2": 3}, revision="two", strategy={"type": "Recreate"}, **options))
    assert result.phase is Phase.FAILED
    assert result.reason == (
        "spread: 6 of 6 pods are available, at least 4 have to be, and the next step would take down more at once"
    )
    done(task({"eu-1": 3, "eu-2": 3}, revision="three", **options))
