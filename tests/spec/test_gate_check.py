"""Checks as gates: what users write, and everything that is wrong with it at once."""

from decimal import Decimal

import pytest

from kubefleet.health.checks import Cel, Function, JsonPath
from kubefleet.health.checks import Check as HealthCheck
from kubefleet.health.probes import Http, Objects, OfStage, Prometheus, SmokeJob
from kubefleet.model.gate import Check, Wait
from kubefleet.model.subject import Subject
from kubefleet.spec.mistakes import Spelling
from kubefleet.spec.strategy import parse_strategy

pytestmark = pytest.mark.fast

KEYS = ("v1/ConfigMap/shop/settings", "apps/v1/Deployment/shop/web")
WEB = Subject("Deployment", None, "shop", "web")
JOB = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "smoke", "namespace": "shop"}, "spec": {}}
PROMETHEUS = {"prometheus": "http://prometheus:9090/", "query": "up"}


def quiet(_facts: object) -> bool:
    return True


def parse(*after, where="after", keys=KEYS):
    stage = {"name": "canary", "selector": ["a"], where: [{"type": "Check", **item} for item in after]}
    mistakes = []
    found = parse_strategy({"type": "StagedUpdate", "stages": [stage]}, "strategy", Spelling.PYTHON, mistakes, keys)
    return found, [str(mistake) for mistake in mistakes]


@pytest.mark.parametrize(
    ("written", "look"),
    [
        ({"object": "Deployment/shop/web", "cel": "true"}, Objects(HealthCheck(WEB, Cel("true")))),
        (
            {"kind": "apps/Deployment", "jsonpath": "$.status.replicas", "value": 3},
            Objects(HealthCheck(Subject("Deployment", "apps"), JsonPath("$.status.replicas", 3))),
        ),
        ({"http": "https://${cluster.name}.example.com/up"}, Http("https://${cluster.name}.example.com/up")),
        (
            {"http": "http://web", "status": 204, "contains": "fine", "token_env": "T"},
            Http("http://web", 204, "fine", "T"),
        ),
        ({**PROMETHEUS, "below": 0.01}, Prometheus("http://prometheus:9090", "up", None, Decimal("0.01"))),
        (
            {**PROMETHEUS, "above": "1e-3", "below": 2},
            Prometheus("http://prometheus:9090", "up", Decimal("0.001"), Decimal(2)),
        ),
        ({"job": JOB}, SmokeJob(JOB)),
        ({"function": f"{__name__}:quiet"}, OfStage(Function(f"{__name__}:quiet", quiet))),
        (
            {"object": "Deployment/web", "function": f"{__name__}:quiet"},
            Objects(HealthCheck(Subject("Deployment", None, None, "web"), Function(f"{__name__}:quiet", quiet))),
        ),
    ],
)
@pytest.mark.parametrize("where", ["before", "after"])
def test_what_is_looked_at(written, look, where):
    found, mistakes = parse(written, where=where)
    assert not mistakes
    assert getattr(found.stages[0], where) == (Check(look),)


def test_how_often_and_how_long():
    found, mistakes = parse({"http": "http://web", "successes": 3, "interval": "2s", "deadline": "1m"})
    assert not mistakes
    assert found.stages[0].after == (Check(Http("http://web"), successes=3, interval=2, deadline=60),)
    (stage,) = parse_strategy(
        {
            "type": "StagedUpdate",
            "stages": [
                {
                    "name": "a",
                    "selector": ["a"],
                    "after": [{"type": "Wait", "duration": 5}, {"type": "Check", "http": "http://w"}],
                }
            ],
        },
        "",
        Spelling.PYTHON,
        [],
    ).stages
    assert stage.after == (Wait(5), Check(Http("http://w")))


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({}, ": none of object, kind, http, prometheus, job, function (expected one of them: what is looked at)."),
        ({"http": "http://a", "job": JOB}, ": `http` and `job` of object, kind, http,"),
        (
            {"object": "Deployment/shop/web", "kind": "Deployment", "cel": "true"},
            ": `kind` and `object` of kind, object (expected exactly one of them).",
        ),
        ({"object": "Deployment/shop/wbe", "cel": "true"}, ".object: it has no object `Deployment/shop/wbe` (expected"),
        ({"object": "Deployment/shop/web"}, ": none of cel, jsonpath, condition, function (expected exactly one"),
        ({"object": "Deployment/shop/web", "cel": "object.a >"}, ".cel: Syntax error"),
        ({"object": "Deployment/shop/web", "cel": "1"}, ".cel: it is a value of type int"),
        ({"object": "Deployment/shop/web", "cel": "true", "mode": "add"}, ".mode: unknown field `mode`"),
        ({"http": "web.example.com"}, ".http: bad URL `web.example.com` (expected http://... or https://...)."),
        ({"http": "http://${cluster}/"}, ".http: unknown variable `${cluster}` (expected `${cluster.name}`)."),
        ({"http": "http://web", "status": 99}, ".status: value `99` is too small (expected at least 100)"),
        ({"http": "http://web", "sucesses": 2}, ".sucesses: unknown field `sucesses`"),
        ({"http": "http://web", "successes": 0}, ".successes: value `0` is too small (expected at least 1)"),
        ({"http": "http://web", "interval": "often"}, ".interval: bad duration `often`"),
        ({"http": "http://web", "successes": 7, "deadline": "1m"}, ".deadline: 7 looks every 10 s take longer"),
        (PROMETHEUS, ": neither `above` nor `below` (expected a bound of the values)."),
        ({**PROMETHEUS, "above": 2, "below": 1}, ".above: no value is above 2 and below 1."),
        ({**PROMETHEUS, "below": "lots"}, ".below: bad value `lots` (expected a number)"),
        ({**PROMETHEUS, "query": "up{c='${x}'}", "below": 1}, ".query: unknown variable `${x}`"),
        ({"prometheus": "http://p", "below": 1}, ".query: missing field"),
        ({"job": {**JOB, "kind": "Pod"}}, ".job: no Job (expected a manifest of apiVersion batch/v1 and kind Job)."),
        ({"job": {**JOB, "metadata": {"name": "x"}}}, ".job.metadata.namespace: missing field (expected a name)."),
        ({"function": "nowhere:ready"}, ".function: `nowhere` cannot be imported"),
    ],
)
def test_what_is_wrong_is_told_by_path(written, told):
    found, mistakes = parse(written)
    assert found is None
    assert any(mistake.startswith(f"strategy.stages[0].after[0]{told}") for mistake in mistakes), mistakes


def test_the_mistakes_of_several_checks_are_told_together_with_a_caret():
    _, mistakes = parse({"object": "Deployment/shop/web", "cel": "size(object) == '1'"}, {"http": "web"}, {"job": {}})
    assert len(mistakes) == 5
    lines = mistakes[0].splitlines()
    assert lines[1].strip() == "size(object) == '1'"
    assert lines[2].index("^") == lines[1].index("== '1'")
