"""What a preview says of a rollout before anything happens."""

import pytest
from immutabledict import immutabledict

from kubefleet.model.strategy import Share, SpreadUpdate
from kubefleet.rollout.forecast import forecast, impossible
from kubefleet.rollout.spread_planner import Goal
from kubefleet.rollout.tighten import tightened

pytestmark = pytest.mark.fast

KEY = "Deployment/shop/web"


def deployment(unavailable=1, kind="RollingUpdate"):
    strategy = {"type": kind} | ({"rollingUpdate": {"maxUnavailable": unavailable}} if kind == "RollingUpdate" else {})
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"replicas": 12, "strategy": strategy},
    }


def expected(before, target, *, least=10, surge=2, revision="old", manifest=None):
    strategy = SpreadUpdate(max_surge=Share(surge), min_available=Share(least))
    goal = Goal({name: {KEY: count} for name, count in target.items()}, "new", strategy)
    there = {name: {KEY: count} for name, count in before.items()}
    return forecast(there, revision, goal, {"web": manifest or deployment()})


def shape(found):
    return [[(step.cluster, step.action.value, step.replicas[KEY]) for step in steps] for steps in found.rounds]


def test_a_move_goes_two_by_two_and_never_below_twelve():
    found = expected({"a": 6, "b": 6}, {"b": 6, "c": 6}, revision="new")
    assert shape(found) == [
        [("c", "create", 2)],
        [("a", "scale down", 4)],
        [("c", "scale up", 4)],
        [("a", "scale down", 2)],
        [("c", "scale up", 6)],
        [("a", "scale down", 0)],
    ]
    assert found.lowest == {KEY: 12}
    assert not found.stuck


def test_without_a_surge_a_move_takes_down_first():
    found = expected({"a": 6, "b": 6}, {"b": 12}, revision="new", surge=0)
    assert shape(found)[:2] == [[("a", "scale down", 4)], [("b", "scale up", 8)]]
    assert found.lowest == {KEY: 10}


def test_an_update_runs_on_as_many_clusters_as_the_budget_has_pods():
    found = expected({"a": 6, "b": 6}, {"a": 6, "b": 6})
    assert shape(found) == [[("a", "update", 6), ("b", "update", 6)]]
    assert found.lowest == {KEY: 10}
    one = expected({"a": 6, "b": 6}, {"a": 6, "b": 6}, least=11)
    assert shape(one) == [[("a", "update", 6)], [("b", "update", 6)]]
    assert one.lowest == {KEY: 11}


def test_a_cluster_that_is_left_needs_no_update_first():
    found = expected({"a": 6, "b": 6}, {"b": 6, "c": 6})
    assert all(step.action.value != "update" for steps in found.rounds for step in steps if step.cluster == "a")
    assert not found.stuck


@pytest.mark.parametrize(
    ("least", "manifest", "why"),
    [
        (10, deployment(kind="Recreate"), "web on a takes down 6 pods at once by its own strategy, and of 12 pods 10"),
        (11, deployment(3), "web on a takes down 3 pods at once by its own strategy, and of 12 pods 11"),
        (12, deployment(1), "web on a takes down 1 pods at once by its own strategy, and of 12 pods 12"),
    ],
)
def test_a_step_that_never_fits_is_told_with_its_numbers(least, manifest, why):
    assert why in expected({"a": 6, "b": 6}, {"a": 6, "b": 6}, least=least, manifest=manifest).stuck


def test_no_move_without_any_budget():
    assert "no step fits the budget" in expected({"a": 6}, {"b": 6}, least=6, surge=0, revision="new").stuck


def test_more_than_all_pods_cannot_be_available():
    target = {"a": {KEY: 3}, "b": {KEY: 3}}
    assert impossible(Goal(target, "new", SpreadUpdate(min_available=Share(7)))) == (
        "7 pods of web have to be available, and only 6 are desired."
    )
    assert not impossible(Goal(target, "new", SpreadUpdate(min_available=Share(6))))


def test_a_budget_of_no_workload_is_told():
    strategy = SpreadUpdate(own=immutabledict(wbe=SpreadUpdate()))
    assert impossible(Goal({"a": {KEY: 3}}, "new", strategy)) == "no workload `wbe` (expected one of: web)."


@pytest.mark.parametrize(
    ("least", "given", "rolling"),
    [
        (10, {"maxUnavailable": 5}, {"maxUnavailable": 2}),
        (10, {"maxUnavailable": "50%", "maxSurge": 0}, {"maxUnavailable": 2, "maxSurge": 0}),
        (10, {"maxUnavailable": 2}, {"maxUnavailable": 2}),
        (11, None, {"maxUnavailable": 1}),
        (12, {"maxUnavailable": 1, "maxSurge": 0}, {"maxUnavailable": 0, "maxSurge": 1}),
        (12, {"maxUnavailable": 1, "maxSurge": "10%"}, {"maxUnavailable": 0, "maxSurge": "10%"}),
    ],
)
def test_a_tightened_deployment_takes_down_no_more_than_the_budget_has(least, given, rolling):
    manifest = deployment()
    manifest["spec"]["strategy"] = {} if given is None else {"type": "RollingUpdate", "rollingUpdate": given}
    target = {"a": {KEY: 8}, "b": {KEY: 4}}
    strategy = SpreadUpdate(max_surge=Share(2), min_available=Share(least), tighten=True)
    found = tightened({"web": manifest}, Goal(target, "new", strategy))["web"]["spec"]["strategy"]
    assert found["rollingUpdate"] == rolling
    untouched = tightened({"web": manifest}, Goal(target, "new", SpreadUpdate(min_available=Share(least))))
    assert untouched == {"web": manifest}


def test_what_takes_all_down_is_not_tightened():
    goal = Goal({"a": {KEY: 8}}, "new", SpreadUpdate(min_available=Share(6), tighten=True))
    recreated = {"web": deployment(kind="Recreate")}
    assert tightened(recreated, goal) == recreated
