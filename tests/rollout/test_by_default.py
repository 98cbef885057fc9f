"""By what a placement rolls out where its program names no strategy: a budget of pods that some step always fits."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubefleet.model.strategy import Budget, RollingUpdate, Share, SpreadUpdate
from kubefleet.rollout.by_default import default_strategy
from kubefleet.rollout.forecast import forecast
from kubefleet.rollout.goal import goal_of
from kubefleet.rollout.pods import at_once

pytestmark = pytest.mark.fast

BY_PODS = SpreadUpdate(yields=True)
STOPPING_FIRST = SpreadUpdate(max_surge=Share(0), yields=True)
KEY = "Deployment/shop/web"


def workload(kind="Deployment", api_version="apps/v1", name="web", **spec):
    metadata = {"name": name, "namespace": "shop"}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": {"replicas": 12, **spec}}


def custom(path):
    annotations = {"pulumi-kubefleet/replicas-path": path}
    found = workload("Workers", "example.com/v1")
    return {**found, "metadata": {**found["metadata"], "annotations": annotations}}


@pytest.mark.parametrize(
    ("manifests", "divided", "strategy"),
    [
        ([workload()], True, BY_PODS),
        ([workload("StatefulSet")], True, BY_PODS),
        ([workload(), workload("DaemonSet"), workload("Job", "batch/v1")], True, BY_PODS),
        ([workload()], False, RollingUpdate()),
        ([workload("Job", "batch/v1")], True, RollingUpdate()),
        ([workload("ConfigMap", "v1")], True, RollingUpdate()),
        ([workload(), workload("Service", "v1", type="ClusterIP")], True, BY_PODS),
        # Its pods have to be there until its address is gone.
        ([workload(), workload("Service", "v1", type="LoadBalancer")], True, RollingUpdate()),
        # Nobody can tell how many pods of these are available.
        ([workload(), custom(".spec.replicas")], True, RollingUpdate()),
    ],
)
def test_divided_replicas_are_counted_as_pods(manifests, divided, strategy):
    assert default_strategy(dict(enumerate(manifests)), divided=divided) == strategy


def test_pods_that_must_not_run_twice_go_before_others_come():
    found = default_strategy({"db": workload("StatefulSet")}, divided=True, stop_first=True)
    assert found == STOPPING_FIRST
    assert found.budget("StatefulSet/shop/web", 3) == Budget(2, 0)


def goal(own, *counts, strategy=BY_PODS, kind="Deployment"):
    key = f"{kind}/shop/web"
    target = {f"c{number}": {key: count, "Job/shop/once": 0} for number, count in enumerate(counts)}
    return goal_of({key: workload(kind, **own)}, target, "new", strategy)


@pytest.mark.parametrize(
    ("kind", "own", "counts", "least"),
    [
        ("Deployment", {}, (6, 6), 9),
        ("Deployment", {"strategy": {"rollingUpdate": {"maxUnavailable": 2}}}, (6, 6), 9),
        ("Deployment", {"strategy": {"rollingUpdate": {"maxUnavailable": 5}}}, (6, 6), 7),
        ("Deployment", {"strategy": {"rollingUpdate": {"maxUnavailable": "50%"}}}, (8, 4), 8),
        ("Deployment", {"strategy": {"type": "Recreate"}}, (8, 4), 4),
        ("Deployment", {"strategy": {"type": "Recreate"}}, (1, 1, 1), 2),
        ("Deployment", {}, (1, 1, 1), 3),
        ("StatefulSet", {}, (1, 1, 1), 2),
        ("StatefulSet", {"updateStrategy": {"rollingUpdate": {"maxUnavailable": 4}}}, (6, 6), 8),
        ("StatefulSet", {"updateStrategy": {"type": "OnDelete"}}, (1, 1, 1), 3),
    ],
)
def test_the_default_budget_yields_to_the_strategy_of_the_workload(kind, own, counts, least):
    found = goal(own, *counts, kind=kind)
    assert found.strategy.budget(f"{kind}/shop/web", sum(counts)).min_available == least


def test_a_budget_that_was_written_does_not_yield():
    written = SpreadUpdate(Share(1), Share(1))
    assert goal({"strategy": {"type": "Recreate"}}, 4, 4, strategy=written).strategy == written


def test_the_strategy_that_a_cluster_has_by_an_override_counts_there():
    target = {"a": {KEY: 4}, "b": {KEY: 4}}
    recreated = {"b": {KEY: workload(strategy={"type": "Recreate"})}}
    found = goal_of({KEY: workload()}, target, "new", BY_PODS, recreated)
    assert found.strategy.budget(KEY, 8).min_available == 4


def test_what_has_no_pods_to_count_is_left_out_of_the_goal():
    assert goal({}, 2, 1).target == {"c0": {KEY: 2}, "c1": {KEY: 1}}


OWN = st.one_of(
    st.just({"type": "Recreate"}),
    st.builds(
        lambda down, up: {"rollingUpdate": {"maxUnavailable": down, "maxSurge": up}},
        st.sampled_from([0, 1, 3, "25%", "50%", "100%"]),
        st.sampled_from([0, 1, "25%"]),
    ),
)
SPLIT = st.lists(st.integers(0, 9), min_size=4, max_size=4).map(
    lambda counts: {f"c{number}": {KEY: count} for number, count in enumerate(counts) if count}
)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(OWN, SPLIT, SPLIT, st.sampled_from(["old", "new"]), st.sampled_from([BY_PODS, STOPPING_FIRST]))
def test_some_step_always_fits_the_default_budget(own, before, target, revision, strategy):
    manifest = workload(strategy=own)
    wanted = goal_of({KEY: manifest}, target, "new", strategy)
    found = forecast(before, revision, wanted, {KEY: manifest})
    assert not found.stuck
    most = max((at_once(manifest, replicas[KEY]) for replicas in target.values()), default=0)
    desired = sum(replicas[KEY] for replicas in target.values())
    had = sum(replicas[KEY] for replicas in before.values())
    down = max(most, desired // 4, 0 if strategy is BY_PODS else 1)
    assert found.lowest.get(KEY, 0) >= min(had, desired - down)
