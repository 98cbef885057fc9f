"""Filters and scorers of the user's own, and everything that may be wrong with them."""

from collections.abc import Callable
from fractions import Fraction
from itertools import count

import numpy as np
import pytest
from makers import UNREACHABLE, best, cluster, counts, decide, divided, node, pod, request

from kubefleet.model.plugin import Plugin
from kubefleet.model.policy import Prefer
from kubefleet.report.reason_text import reason_text

pytestmark = pytest.mark.fast

FLEET = [cluster("a", node("8")), cluster("b", node("8"))]


def raises(cluster, request):
    raise KeyError("region")


def ends(cluster, request):
    raise SystemExit(3)


def guesses() -> Callable:
    numbers = count()
    return lambda cluster, request: next(numbers)


def flips() -> Callable:
    numbers = count()
    return lambda cluster, request: next(numbers) % 2 == 0 or "not now"


def filtered(function: Callable, fleet=FLEET):
    return decide(fleet, request(policy=best(1, filters=(Plugin("own:rule", function),))))


def scored(function: Callable, fleet=FLEET, weight: int = 2):
    preferred = (Prefer(weight, function=Plugin("own:score", function)),)
    return decide(fleet, request(policy=best(1, preferred=preferred)))


def points(decision) -> dict[str, tuple[int, int, int]]:
    return {
        candidate.cluster: (score.value, score.weight, score.weighted)
        for candidate in decision.candidates
        for score in candidate.scores
        if score.scorer == "own:score"
    }


@pytest.mark.parametrize(
    ("returned", "text"),
    [
        (False, "refused by own:rule"),
        ("no licence here\n  yet", "refused by own:rule: no licence here yet"),
        (None, "no answer from own:rule: returned NoneType `None` (expected True, False, or a text that says why not)"),
        ("", "no answer from own:rule: returned str `''` (expected True, False, or a text that says why not)"),
        (1, "no answer from own:rule: returned int `1` (expected True, False, or a text that says why not)"),
    ],
)
def test_a_filter_refuses_with_its_own_words_and_what_is_no_answer_refuses_too(returned: object, text: str) -> None:
    decision = filtered(lambda cluster, request: cluster.name == "b" or returned)
    assert counts(decision) == {"b": 1}
    assert [reason_text(reason) for reason in decision.refused["a"]] == [text]


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (raises, "no answer from own:rule: KeyError: 'region'"),
        (ends, "no answer from own:rule: SystemExit: 3"),
        (flips(), "no answer from own:rule: answered 0, then `not now` (expected the same twice)"),
    ],
)
def test_a_filter_that_fails_costs_itself_on_that_cluster_and_not_the_plan(function: Callable, text: str) -> None:
    decision = filtered(lambda cluster, request: cluster.name == "b" or function(cluster, request))
    assert counts(decision) == {"b": 1}
    assert [reason_text(reason) for reason in decision.refused["a"]] == [text]


def test_a_filter_is_given_frozen_values_of_the_model() -> None:
    seen = []

    def rule(cluster, request):
        seen.append((cluster.name, request.name, request.workloads[0].replicas))
        with pytest.raises(AttributeError):
            cluster.name = "other"
        return True

    filtered(rule)
    assert seen == [("a", "web", 1), ("a", "web", 1), ("b", "web", 1), ("b", "web", 1)]


@pytest.mark.parametrize(
    ("returned", "value"),
    [
        (7, 7),
        (-100, -100),
        (100.0, 100),
        (0.5, 1),
        (-0.5, 0),
        (Fraction(7, 2), 4),
        (np.int64(9), 9),
        (np.float64(2.4), 2),
    ],
)
def test_a_score_is_rounded_half_up_and_counts_by_its_weight(returned: object, value: int) -> None:
    decision = scored(lambda cluster, request: returned if cluster.name == "b" else -100)
    assert points(decision)["b"] == (value, 2, value * 2)
    assert not decision.failures


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (raises, "KeyError: 'region'"),
        (ends, "SystemExit: 3"),
        (guesses(), "answered 0, then 1 (expected the same twice)"),
        (lambda cluster, request: float("nan"), "returned float `nan` (expected a number from −100 to 100)"),
        (lambda cluster, request: float("inf"), "returned float `inf` (expected a number from −100 to 100)"),
        (lambda cluster, request: 100.5, "returned float `100.5` (expected a number from −100 to 100)"),
        (lambda cluster, request: -101, "returned int `-101` (expected a number from −100 to 100)"),
        (lambda cluster, request: "50", "returned str `'50'` (expected a number from −100 to 100)"),
        (lambda cluster, request: True, "returned bool `True` (expected a number from −100 to 100)"),
        (lambda cluster, request: None, "returned NoneType `None` (expected a number from −100 to 100)"),
        (lambda cluster, request: 10**400, "OverflowError: int too large to convert to float"),
    ],
)
def test_a_scorer_that_fails_gives_nothing_on_that_cluster_with_a_reason(function: Callable, text: str) -> None:
    decision = scored(lambda cluster, request: 5 if cluster.name == "b" else function(cluster, request))
    assert counts(decision) == {"b": 1}
    assert points(decision) == {"a": (0, 2, 0), "b": (5, 2, 10)}
    assert [(reason.cluster, reason_text(reason)) for reason in decision.failures] == [
        ("a", f"no answer from own:score: {text}")
    ]


def test_a_function_is_asked_twice_per_cluster_and_request_and_not_of_unreachable_ones() -> None:
    asked = []

    def score(cluster, request):
        asked.append(cluster.name)
        return 1

    decision = scored(score, [*FLEET, cluster("c", state=UNREACHABLE)])
    assert list(decision.candidates)
    assert list(decision.refused.items())
    assert asked == ["a", "a", "b", "b"]


def test_a_filter_holds_for_divided_replicas_and_for_all_clusters() -> None:
    policy = best(2, filters=(Plugin("own:rule", lambda cluster, request: cluster.name != "a"),))
    decision = decide([*FLEET, cluster("c", node("8"))], divided(replicas=4, policy=policy, size=pod(cpu="1")))
    assert counts(decision) == {"b": 2, "c": 2}
