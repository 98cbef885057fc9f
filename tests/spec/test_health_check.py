"""Health checks as users write them: what they become, and every mistake by its path."""

import sys

import pytest

from kubefleet.health.checks import (
    Cel,
    Check,
    Condition,
    Function,
    HttpProbe,
    JsonPath,
    TolerateUnavailable,
    UnverifiedWait,
)
from kubefleet.model.share import Share
from kubefleet.model.subject import Subject
from kubefleet.spec.declared import parse_placement
from kubefleet.spec.health_check import parse_checks
from kubefleet.spec.http_probe import refuse_http_probes
from kubefleet.spec.mistakes import Mistake

pytestmark = pytest.mark.fast

KEYS = (
    "apps/v1/DaemonSet/shop/log",
    "apps/v1/Deployment/shop/web",
    "example.com/v1/Widget/shop/main",
    "v1/Service/shop/web",
)
ABOUT = {"kind": "example.com/Widget"}
WIDGET = Subject("Widget", "example.com")
SERVICE = Subject("Service", None, "shop", "web")
LOG = Subject("DaemonSet")
ASKED = {"object": "Service/shop/web", "http": "/up"}


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A module of the user's own."""
    (tmp_path / "ownhealth.py").write_text("def ready(object):\n    return True\n\nLIMIT = 3\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("ownhealth", None)


def read(*raw, every=True):
    mistakes = []
    checks = parse_checks(list(raw), "health", KEYS, mistakes, every=every)
    return checks, [str(mistake) for mistake in mistakes]


@pytest.mark.parametrize(
    ("raw", "check"),
    [
        ({**ABOUT, "cel": "object.a == 1"}, Check(WIDGET, Cel("object.a == 1"))),
        ({"kind": "Widget", "cel": "true"}, Check(Subject("Widget"), Cel("true"))),
        ({"kind": "core/Service", "condition": "Up"}, Check(Subject("Service", ""), Condition("Up"))),
        ({**ABOUT, "condition": "Up", "status": False}, Check(WIDGET, Condition("Up", "False"))),
        ({**ABOUT, "condition": "Up", "status": "Unknown"}, Check(WIDGET, Condition("Up", "Unknown"))),
        ({**ABOUT, "jsonpath": "$.a"}, Check(WIDGET, JsonPath("$.a"))),
        ({**ABOUT, "jsonpath": "{.a}", "value": 3.0}, Check(WIDGET, JsonPath("{.a}", 3))),
        ({**ABOUT, "jsonpath": "$.a", "value": False}, Check(WIDGET, JsonPath("$.a", False))),
        ({"object": "Widget/main", "cel": "true"}, Check(Subject("Widget", None, None, "main"), Cel("true"))),
        (
            {"object": "Deployment/shop/web", "cel": "true", "mode": "replace"},
            Check(Subject("Deployment", None, "shop", "web"), Cel("true"), replaces=True),
        ),
        ({"object": "Service/shop/web", "http": "/up"}, Check(SERVICE, HttpProbe("/up"))),
        ({"object": "Service/shop/web", "http": "/up", "port": 80.0}, Check(SERVICE, HttpProbe("/up", "80"))),
        (
            {"kind": "apps/Deployment", "http": "/?a=../b", "port": "web", "scheme": "https", "contains": "ok"},
            Check(Subject("Deployment", "apps"), HttpProbe("/?a=../b", "web", "https", "ok")),
        ),
        ({"kind": "DaemonSet", "tolerate_unavailable": 2}, Check(LOG, TolerateUnavailable(Share(2)), replaces=True)),
        (
            {"kind": "DaemonSet", "tolerate_unavailable": "10%"},
            Check(LOG, TolerateUnavailable(Share(10, percent=True)), replaces=True),
        ),
        ({**ABOUT, "unverified_wait": "5m"}, Check(WIDGET, UnverifiedWait(300), replaces=True)),
        ({**ABOUT, "function": "ownhealth:ready"}, Check(WIDGET, Function("ownhealth:ready", print))),
    ],
)
def test_a_check_is_read(own, raw, check):
    assert read(raw) == ((check,), [])


@pytest.mark.parametrize(
    ("raw", "mistake"),
    [
        ("text", "health[0]: bad value `text` (expected a mapping of fields)"),
        ({}, "health[0]: none of kind, object (expected exactly one of them)."),
        (
            ABOUT,
            "health[0]: none of cel, jsonpath, condition, function, http, tolerate_unavailable, unverified_wait (ex",
        ),
        ({**ABOUT, "cel": "true", "condition": "Up"}, "health[0]: `cel` and `condition` of cel, jsonpath, condition,"),
        ({**ABOUT, "object": "Widget/main", "cel": "true"}, "health[0]: `kind` and `object` of kind, object (expected"),
        ({**ABOUT, "cell": "true"}, "health[0].cell: unknown field `cell` (expected one of kind, object, cel,"),
        ({**ABOUT, "cell": "true"}, "Did you mean `cel`?"),
        ({**ABOUT, "cel": 3}, "health[0].cel: bad value `3` (expected text)"),
        ({**ABOUT, "cel": ""}, "health[0].cel: empty text"),
        ({**ABOUT, "cel": "true", "value": 1}, "health[0].value: `value` without `jsonpath`"),
        ({**ABOUT, "cel": "true", "status": "True"}, "health[0].status: `status` without `condition`"),
        ({**ABOUT, "condition": "Up", "status": "Yes"}, "health[0].status: unknown value `Yes` (expected one of True,"),
        ({**ABOUT, "jsonpath": "$.a", "value": {"b": 1}}, "health[0].value: bad value (expected text, a number,"),
        (
            {**ABOUT, "cel": "true", "mode": "replaces"},
            "health[0].mode: unknown value `replaces` (expected one of add,",
        ),
        (
            {"kind": "apps/v1/Deployment", "cel": "true"},
            "health[0].kind: bad kind `apps/v1/Deployment` (expected `Kind`",
        ),
        ({"kind": "Widgte", "cel": "true"}, "health[0].kind: none of its objects is of kind `Widgte` (expected one of"),
        ({"kind": "Widgte", "cel": "true"}, "Did you mean `Widget`?"),
        ({"kind": "example.com/Widgte", "cel": "true"}, "Did you mean `example.com/Widget`?"),
        (
            {"kind": "core/Deployment", "cel": "true"},
            "health[0].kind: none of its objects is of kind `core/Deployment`",
        ),
        ({"object": "Widget", "cel": "true"}, "health[0].object: bad object `Widget` (expected `Kind/name` or"),
        ({"object": "Widget/mian", "cel": "true"}, "health[0].object: it has no object `Widget/mian` (expected one of"),
        ({**ABOUT, "cel": "true", "port": 80}, "health[0].port: `port` without `http`"),
        ({**ABOUT, "cel": "true", "contains": "ok"}, "health[0].contains: `contains` without `http`"),
        ({**ABOUT, "http": "/up"}, "health[0]: a Widget cannot be sent a request (expected one of Service, Pod,"),
        ({**ASKED, "http": "http://web/up"}, "health[0].http: bad path `http://web/up` (expected one such as `/ready`"),
        ({**ASKED, "http": "/a/../b"}, "health[0].http: bad path `/a/../b`"),
        ({**ASKED, "http": "/a b"}, "health[0].http: bad path `/a b`"),
        (
            {**ASKED, "port": 0},
            "health[0].port: bad port `0` (expected a number from 1 to 65535, or the name of a port)",
        ),
        ({**ASKED, "port": 65536}, "health[0].port: bad port `65536`"),
        ({**ASKED, "port": True}, "health[0].port: bad port `True`"),
        ({**ASKED, "port": "Web"}, "health[0].port: bad port `Web`"),
        ({**ASKED, "scheme": "ftp"}, "health[0].scheme: unknown value `ftp` (expected one of http, https)"),
        (
            {"kind": "Deployment", "tolerate_unavailable": 1},
            "health[0].tolerate_unavailable: not of a Deployment (ex",
        ),
        ({"kind": "DaemonSet", "tolerate_unavailable": "few"}, "health[0].tolerate_unavailable: bad value `few`"),
        ({"kind": "Deployment", "unverified_wait": 5}, "health[0].unverified_wait: the health of a Deployment can be"),
        ({**ABOUT, "unverified_wait": "soon"}, "health[0].unverified_wait: bad duration `soon`"),
        ({**ABOUT, "function": "ready"}, "health[0].function: unknown function `ready` (expected `package.module:fun"),
        (
            {**ABOUT, "function": "ownhealth:raedy"},
            "`ownhealth` has no `raedy` (expected a function of it). Did you me",
        ),
        ({**ABOUT, "function": "ownhealth:LIMIT"}, "health[0].function: `ownhealth:LIMIT` is a int (expected a functi"),
        ({**ABOUT, "function": "nowhere.own:f"}, "health[0].function: `nowhere.own` cannot be imported"),
    ],
)
def test_a_mistake_is_told_by_its_path(own, raw, mistake):
    checks, mistakes = read(raw)
    assert checks == ()
    assert any(mistake in told for told in mistakes), mistakes


def test_a_kind_of_two_groups_is_ambiguous():
    mistakes = []
    keys = ("v1/Service/shop/web", "serving.knative.dev/v1/Service/shop/web")
    parse_checks([{"kind": "Service", "cel": "true"}], "health", keys, mistakes)
    assert [str(mistake) for mistake in mistakes] == [
        "health[0].kind: `Service` is ambiguous (expected one of core/Service, serving.knative.dev/Service)."
    ]


CARETS = [
    (
        "object.status.phase ==",
        "health[0].cel: Syntax error: mismatched input '<EOF>' (expected an expression over `object`",
        "object.status.phase ==",
        "                      ^",
    ),
    (
        "size(object.status.l) == '2'",
        "found no matching overload for '_==_' applied to '(int, string)'",
        "size(object.status.l) == '2'",
        "                      ^",
    ),
    (
        "object.a == 1\n  && object.b.startWith('x')",
        "undeclared reference to 'startWith'",
        "  && object.b.startWith('x')",
        "                       ^",
    ),
    ("'日本' == 1", "applied to '(string, int)'", "'日本' == 1", "     ^"),
    ("objct.a == 1", "Did you mean `object`?", "objct.a == 1", "     ^"),
    ("size(object.a)", "it is a value of type int (expected an expression over `object`", "size(object.a)", "^"),
    ("'Running'", "it is a value of type string", "'Running'", "^"),
]


@pytest.mark.parametrize(("expression", "why", "shown", "caret"), CARETS)
def test_a_mistake_in_cel_has_a_caret_under_the_place(expression, why, shown, caret):
    _, mistakes = read({**ABOUT, "cel": expression})
    assert len(mistakes) == 1
    first, *pointed = mistakes[0].split("\n")
    assert first.startswith("health[0].cel: ")
    assert why in first
    assert pointed == [f"      {shown}", f"      {caret}"]


def test_every_mistake_of_an_expression_is_told():
    _, mistakes = read({**ABOUT, "cel": "foo == 1 && bar == 2"})
    assert [mistake.split("\n")[0].split("'")[1] for mistake in mistakes] == ["foo", "bar"]


@pytest.mark.parametrize(
    ("path", "shown", "caret"),
    [
        ("status.phase", "status.phase", "^"),
        ("$.status.phase[", "$.status.phase[", "               ^"),
        ("{.status.}", "$.status.", "         ^"),
        ("$.a b", "$.a b", None),
        ("", None, None),
    ],
)
def test_a_mistake_in_a_json_path_has_a_caret_too(path, shown, caret):
    _, mistakes = read({**ABOUT, "jsonpath": path})
    assert len(mistakes) == 1
    first, *pointed = mistakes[0].split("\n")
    assert first.startswith("health[0].jsonpath: ")
    if shown is not None:
        assert pointed[0] == f"      {shown}"
    if caret is not None:
        assert pointed[1] == f"      {caret}"


def test_a_fleet_may_have_checks_of_kinds_that_no_placement_has_but_not_misspelt_ones():
    rest = {"cel": "true"}
    assert len(read({"kind": "argoproj.io/Rollout", **rest}, every=False)[0]) == 1
    assert len(read({"object": "Widget/other/one", **rest}, every=False)[0]) == 1
    keys = ("rbac.authorization.k8s.io/v1/RoleBinding/shop/web",)
    mistakes = []
    parse_checks([{"kind": "rbac.authorization.k8s.io/Role", **rest}], "fleet.health", keys, mistakes, every=False)
    assert mistakes == []
    for kind in ("example.com/Widgte", "exmple.com/Widget", "Deploymnet", "deployment"):
        _, told = read({"kind": kind, **rest}, every=False)
        assert told[0].startswith(f"health[0].kind: no placement has an object of `{kind}`. Did you mean `"), kind


def test_checks_that_are_no_list_are_a_mistake():
    mistakes = []
    assert parse_checks({"kind": "Pod"}, "fleet.health", KEYS, mistakes) == ()
    assert [str(mistake) for mistake in mistakes] == ["fleet.health: bad value (expected a list of HealthCheck)"]


def test_mistakes_in_a_placements_checks_come_with_all_its_others():
    mistakes = []
    health = [{"kind": "Deployment", "cel": "1 +"}, {"kind": "Deployment", "jsonpath": "$["}]
    raw = {"health": health, "objects": list(KEYS), "priority": "high", "workloads": []}
    parse_placement("web", raw, mistakes)
    assert [mistake.path for mistake in mistakes] == [
        "placements.web.priority",
        "placements.web.health[0].cel",
        "placements.web.health[1].jsonpath",
    ]


@pytest.mark.parametrize("path", ["health", "health[0]", "health[0].cel"])
def test_what_is_a_secret_is_not_shown_by_another_mistake(path):
    secret = Mistake(path, "a secret")
    mistakes = [secret]
    assert parse_checks([{**ABOUT, "cel": "hunter2 +"}, {**ABOUT, "cel": "true"}], "health", KEYS, mistakes) == (
        Check(WIDGET, Cel("true")),
    )
    assert mistakes == [secret]


def test_where_no_manifest_could_be_read_no_check_is_to_blame():
    mistakes = []
    assert len(parse_checks([{**ABOUT, "cel": "true"}], "health", (), mistakes)) == 1
    assert mistakes == []


def test_where_placements_have_rights_of_their_own_none_is_asked_by_http():
    mistakes: list[Mistake] = []
    refuse_http_probes([{**ABOUT, "cel": "true"}, ASKED, "text"], "placements.web.health", mistakes)
    assert [str(mistake)[:60] for mistake in mistakes] == [
        "placements.web.health[1].http: it takes the right to `proxy`"
    ]
    refuse_http_probes(None, "fleet.health", mistakes)
    assert len(mistakes) == 1
