"""Disruption budgets of divided workloads: the part of each cluster, and what the preview says of them."""

import pytest

from kubefleet.rollout.companions import has_companions, told, with_parts
from kubefleet.spec.disruption_budget import allows_none, bound_in, with_part

pytestmark = pytest.mark.fast


def workload(name="web", kind="Deployment"):
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": "a:1"}]}}
    spec = {"replicas": 12, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": "shop"}, "spec": spec}


def budget(app="web", **spec):
    metadata = {"name": "web", "namespace": "shop"}
    spec = {"selector": {"matchLabels": {"app": app} if app else {}}, **spec}
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata, "spec": spec}


def keyed(*items):
    return {f"{item['apiVersion']}/{item['kind']}/shop/{item['metadata']['name']}": item for item in items}


BUDGET = "policy/v1/PodDisruptionBudget/shop/web"
WEB, DB = "Deployment/shop/web", "Deployment/shop/db"
TARGET = {"eu-1": {WEB: 7}, "us-1": {WEB: 5}, "us-2": {WEB: 0}}


@pytest.mark.parametrize(
    ("field", "value", "here", "whole", "part"),
    [
        ("minAvailable", 10, 7, 12, 5),
        ("minAvailable", 10, 5, 12, 4),
        ("minAvailable", 10, 0, 12, 0),
        ("minAvailable", 1, 5, 12, 0),
        ("minAvailable", 12, 5, 12, 5),
        ("minAvailable", "50%", 5, 12, "50%"),
        ("maxUnavailable", 4, 7, 12, 2),
        ("maxUnavailable", 1, 5, 12, 1),
        ("maxUnavailable", 2, 0, 12, 1),
        ("maxUnavailable", 0, 5, 12, 0),
        ("maxUnavailable", "25%", 5, 12, "25%"),
        ("minAvailable", 10, 0, 0, 10),
    ],
)
def test_a_clusters_part_of_a_budget(field, value, here, whole, part):
    assert with_part(budget(**{field: value}), here, whole)["spec"][field] == part


def test_the_parts_of_a_minimum_never_ask_for_more_than_the_whole():
    for whole in range(1, 15):
        for least in range(whole + 1):
            for first in range(whole + 1):
                parts = [with_part(budget(minAvailable=least), here, whole) for here in (first, whole - first)]
                assert sum(part["spec"]["minAvailable"] for part in parts) <= least


def test_only_budgets_of_what_is_divided_are_and_by_all_the_workloads_that_they_select():
    manifests = keyed(workload(), workload("db"), budget(app="", minAvailable=10))
    target = {"eu-1": {WEB: 6, DB: 4}, "us-1": {WEB: 6, DB: 4}}
    assert with_parts(manifests, target["eu-1"], target)[BUDGET]["spec"]["minAvailable"] == 5
    other = keyed(workload(), budget(app="other", minAvailable=10))
    assert with_parts(other, {WEB: 7}, TARGET) == other
    assert not has_companions(other)
    assert has_companions(manifests)


def test_the_preview_shows_the_parts_and_warns_of_those_that_allow_no_eviction():
    lines, warnings = told(keyed(workload(), budget(minAvailable=10)), TARGET, divided=True)
    assert lines == ["budget web: minAvailable 5 on eu-1, minAvailable 4 on us-1, minAvailable 0 on us-2"]
    assert warnings == []
    lines, warnings = told(keyed(workload(), budget(minAvailable=12)), TARGET, divided=True)
    assert warnings == [
        "budget web allows no eviction on eu-1: minAvailable 7 of 7",
        "budget web allows no eviction on us-1: minAvailable 5 of 5",
    ]
    lines, warnings = told(keyed(workload(), budget(minAvailable=5)), TARGET, divided=False)
    assert (lines, warnings) == ([], ["budget web allows no eviction on us-1: minAvailable 5 of 5"])


@pytest.mark.parametrize(
    ("spec", "pods", "none"),
    [
        ({"minAvailable": 3}, 3, True),
        ({"minAvailable": 2}, 3, False),
        ({"minAvailable": "100%"}, 3, True),
        ({"minAvailable": "67%"}, 3, True),
        ({"minAvailable": "66%"}, 3, False),
        ({"maxUnavailable": 0}, 3, True),
        ({"maxUnavailable": "0%"}, 3, True),
        ({"maxUnavailable": "1%"}, 3, False),
        ({"minAvailable": 3}, 0, False),
        ({"minAvailable": "many"}, 3, False),
        ({}, 3, False),
    ],
)
def test_whether_a_budget_allows_no_eviction(spec, pods, none):
    assert allows_none(budget(**spec), pods) is none


def test_a_bound_is_told_as_it_is_written():
    assert bound_in(budget(maxUnavailable="25%")) == "maxUnavailable 25%"
