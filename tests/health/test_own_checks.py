"""The user's own checks: what each kind of rule says, and what the built-in rule says beside it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from kubefleet.health import Health, Status, failed, health
from kubefleet.health.checks import Cel, Check, Condition, Function, JsonPath
from kubefleet.model.subject import Subject, subject_of_kind, subject_of_object

pytestmark = pytest.mark.fast

A, P, F, U = Status.AVAILABLE, Status.PROGRESSING, Status.FAILED, Status.UNVERIFIED
WIDGET = Subject("Widget", "example.com")


def widget(status=None, *, api_version="example.com/v1", kind="Widget", generation=2, **metadata) -> dict:
    head = {"namespace": "shop", "name": "main", "generation": generation, **metadata}
    found = {"apiVersion": api_version, "kind": kind, "metadata": head, "spec": {"size": 3}}
    return found if status is None else {**found, "status": status}


def conditions(**statuses) -> list[dict]:
    return [{"type": kind, "status": status, "message": f"{kind} says {status}"} for kind, status in statuses.items()]


RUNNING = {"phase": "Running", "replicas": 3, "observedGeneration": 2}
READY = "object.status.phase == 'Running' && object.status.replicas >= 3"
CEL = [
    ("it holds", READY, RUNNING, A, "is true"),
    ("one part does not hold", READY, {**RUNNING, "replicas": 2}, P, f"`{READY}` is false"),
    ("false decides beside a missing field", READY, {"phase": "Pending"}, P, "is false"),
    ("a missing field", READY, {"phase": "Running"}, P, 'Key not found in map : "replicas"'),
    ("no status at all", READY, None, P, 'Key not found in map : "status"'),
    ("an empty status", READY, {}, P, "Key not found in map"),
    ("null where a number is expected", "object.status.n > 1", {"n": None}, P, "No matching overloads"),
    ("text where a number is expected", "object.status.n > 1", {"n": "3"}, P, "No matching overloads"),
    ("a field of something that has none", "object.status.a.b == 1", {"a": "text"}, P, "`object.status.a.b == 1`: "),
    ("an index out of bounds", "object.status.l[3] == 1", {"l": [1]}, P, "index=3 size=1"),
    ("a division by zero", "1 / object.status.n == 1", {"n": 0}, P, "divide by zero"),
    (
        "a value that is no boolean",
        "object.status.phase",
        RUNNING,
        P,
        "a value of type string (expected true or false)",
    ),
    ("a boolean field", "object.status.ready", {"ready": True}, A, ""),
    ("a guard against a missing field", "has(object.status.n) && object.status.n > 1", {}, P, "is false"),
    ("an optional field", "object.?status.?n.orValue(2) == 2", None, A, ""),
    ("a condition in the list", "object.status.c.exists(c, c.type == 'Up')", {"c": [{"type": "Up"}]}, A, ""),
    ("whole and broken numbers compare", "object.status.n >= 2", {"n": 2.5}, A, ""),
    ("functions on text", "object.status.phase.lowerAscii().startsWith('run')", RUNNING, A, ""),
    ("moments", "timestamp(object.status.t) < timestamp('2030-01-01T00:00:00Z')", {"t": "2026-01-01T00:00:00Z"}, A, ""),
    ("a number beyond 64 bits", "object.status.n > 1", {"n": 2**70}, P, "out of range"),
    ("several lines", "object.status.phase\n  == 'Running'", RUNNING, A, "`object.status.phase == 'Running'` is true"),
]
JSON_PATH = [
    ("equal", ("$.status.phase", "Running"), RUNNING, A, "is `Running`"),
    ("different", ("$.status.phase", "Running"), {"phase": "Pending"}, P, "is `Pending` (expected `Running`)"),
    ("missing", ("$.status.phase", "Running"), {}, P, "`$.status.phase` is not there (expected `Running`)"),
    ("no status at all", ("$.status.phase", "Running"), None, P, "is not there"),
    ("null", ("$.status.phase", "Running"), {"phase": None}, P, "is not there"),
    ("whatever it is", ("$.status.phase", None), RUNNING, A, ""),
    ("whatever it is, but missing", ("$.status.ip", None), RUNNING, P, "is not there (expected something)"),
    ("a number", ("$.status.replicas", 3), RUNNING, A, ""),
    ("the same number broken", ("$.status.replicas", 3), {"replicas": 3.0}, A, ""),
    ("text that looks like a number", ("$.status.replicas", 3), {"replicas": "3"}, P, 'is `"3"` (expected `3`)'),
    ("true is not 1", ("$.status.ready", True), {"ready": 1}, P, "is `1` (expected `true`)"),
    ("true", ("$.status.ready", True), {"ready": True}, A, ""),
    ("an object", ("$.status.a", "x"), {"a": {"b": 1}}, P, "is an object (expected `x`)"),
    ("all of several", ("$.status.l[*]", 1), {"l": [1, 1]}, A, ""),
    ("one of several differs", ("$.status.l[*]", 1), {"l": [1, 2]}, P, "is `2` (expected `1`)"),
    ("a filter", ("$.status.c[?@.type == 'Up'].status", "True"), {"c": [{"type": "Up", "status": "True"}]}, A, ""),
    ("as kubectl writes it", ("{.status.phase}", "Running"), RUNNING, A, "`{.status.phase}` is `Running`"),
    ("through text as if it were an object", ("$.status.phase.x", "y"), RUNNING, P, "is not there"),
    ("a long value is cut", ("$.status.phase", "x"), {"phase": "y" * 500}, P, "y..."),
]
CONDITION = [
    ("it is so", ("Ready", "True"), {"conditions": conditions(Ready="True")}, A, "condition Ready is True"),
    (
        "it is not so",
        ("Ready", "True"),
        {"conditions": conditions(Ready="False")},
        P,
        "is False (expected True): Ready says",
    ),
    ("unknown", ("Ready", "True"), {"conditions": conditions(Ready="Unknown")}, P, "is Unknown (expected True)"),
    ("not there", ("Ready", "True"), {"conditions": conditions(Other="True")}, P, "condition Ready is not there"),
    ("no status at all", ("Ready", "True"), None, P, "condition Ready is not there"),
    ("conditions of another shape", ("Ready", "True"), {"conditions": "Ready"}, P, "is not there"),
    ("false is wanted", ("Degraded", "False"), {"conditions": conditions(Degraded="False")}, A, ""),
    (
        "of an older generation",
        ("Ready", "True"),
        {"conditions": [{"type": "Ready", "status": "True", "observedGeneration": 1}]},
        P,
        "of an older generation",
    ),
    (
        "without any words",
        ("Ready", "True"),
        {"conditions": [{"type": "Ready"}]},
        P,
        "is without a status (expected True)",
    ),
]


def _raises(_object):
    raise LookupError("no figures\nyet")


def _leaves(_object):
    raise SystemExit(3)


def _changes(live):
    live["status"]["phase"] = "Running"
    return "changed it"


FUNCTION = [
    ("True", lambda live: live["status"]["replicas"] == 3, RUNNING, A, "own:f is True"),
    ("False", lambda _: False, RUNNING, P, "own:f is False"),
    ("why not", lambda _: "its queue is\nlong", RUNNING, P, "own:f: its queue is long"),
    ("a missing field", lambda live: live["status"]["x"] == 3, RUNNING, P, "own:f: KeyError: 'x'"),
    ("no status at all", lambda live: live["status"]["x"] == 3, None, P, "own:f: KeyError: 'status'"),
    ("it raises", _raises, RUNNING, P, "own:f: LookupError: no figures yet"),
    ("it wants to end the process", _leaves, RUNNING, P, "own:f: SystemExit: 3"),
    ("it answers nothing", lambda _: None, RUNNING, P, "returned NoneType `None` (expected True, False"),
    ("it answers an empty text", lambda _: " ", RUNNING, P, "returned str"),
    ("it changes what it got", _changes, {"phase": "Pending"}, P, "changed it"),
    ("it knows that waiting is of no use", lambda _: failed("no\nlicence"), RUNNING, F, "no licence"),
]


def judged(rule, live, **more) -> Health:
    return health(live, checks=(Check(WIDGET, rule),), **more)


ROWS = [
    *((f"cel: {name}", Cel(text), *row) for name, text, *row in CEL),
    *((f"jsonpath: {name}", JsonPath(*args), *row) for name, args, *row in JSON_PATH),
    *((f"condition: {name}", Condition(*args), *row) for name, args, *row in CONDITION),
    *((f"function: {name}", Function("own:f", function), *row) for name, function, *row in FUNCTION),
]


@pytest.mark.parametrize(("rule", "status", "expected", "reason"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS])
def test_a_rule_says(rule, status, expected, reason):
    live = widget(status)
    before = repr(live)
    found = health(live, checks=(Check(WIDGET, rule, replaces=True),))
    assert (found.status, reason in found.reason) == (expected, True), found
    assert "\n" not in found.reason
    assert repr(live) == before


@pytest.mark.parametrize("rule", [Cel("true"), JsonPath("$.kind"), Condition("Up"), Function("own:f", lambda _: True)])
@pytest.mark.parametrize("replaces", [False, True])
def test_an_older_generation_is_progressing_whatever_the_check(rule, replaces):
    check = Check(WIDGET, rule, replaces)
    status = {"conditions": conditions(Up="True")}
    old = health(widget({**status, "observedGeneration": 1}), checks=(check,))
    assert old == Health(P, "its controller has seen generation 1 of 2")
    assert health(widget({**status, "observedGeneration": 2}), checks=(check,)).status is A
    assert health(widget(status), checks=(check,)).status is A
    assert health(widget({**status, "observedGeneration": "1"}), checks=(check,)).status is A


def test_what_is_being_deleted_is_not_available():
    gone = widget(RUNNING, deletionTimestamp="2026-01-01T00:00:00Z")
    assert judged(Cel("true"), gone) == Health(P, "being deleted")


def deployment(available: int) -> dict:
    counts = {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "availableReplicas": available}
    live = widget(counts, api_version="apps/v1", kind="Deployment")
    return {**live, "spec": {"replicas": 3}}


@pytest.mark.parametrize(
    ("available", "own", "replaces", "expected", "reason"),
    [
        (3, "true", False, A, "3 of 3 pods available"),
        (3, "false", False, P, "`false` is false"),
        (2, "true", False, P, "2 of 3 pods available"),
        (2, "true", True, A, "`true` is true"),
        (3, "false", True, P, "`false` is false"),
    ],
)
def test_a_check_adds_to_the_built_in_rule_or_replaces_it(available, own, replaces, expected, reason):
    check = Check(Subject("Deployment", "apps"), Cel(own), replaces)
    assert health(deployment(available), checks=(check,)) == Health(expected, reason)


def test_a_custom_resource_with_a_check_is_not_unverified_any_more():
    assert health(widget(RUNNING)).status is U
    assert judged(Cel(READY), widget(RUNNING)).status is A
    assert judged(Cel("false"), widget(RUNNING)).status is P
    stalled = {**RUNNING, "conditions": conditions(Stalled="True")}
    assert judged(Cel(READY), widget(stalled)) == Health(F, "Stalled says True")


def test_all_checks_that_are_about_the_object_must_hold():
    own = Subject("Widget", None, "shop", "main")
    checks = (Check(WIDGET, Cel(READY)), Check(own, JsonPath("$.status.ip")), Check(Subject("Gadget"), Cel("false")))
    assert health(widget(RUNNING), checks=checks).reason == "`$.status.ip` is not there (expected something)"
    assert health(widget({**RUNNING, "ip": "10.0.0.1"}), checks=checks).status is A


def test_of_a_secret_no_reason_tells_anything():
    live = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"key": "aHVudGVyMg=="}}
    rules = (JsonPath("$.data.key", "x"), Cel("object.data[object.data.key] == 'x'"), Function("f", str))
    for rule in rules:
        found = health(live, checks=(Check(Subject("Secret"), rule),))
        assert found.status is P
        assert "aHVudGVyMg" not in found.reason


def test_one_expression_may_be_evaluated_by_many_threads():
    lives = [widget({**RUNNING, "replicas": count}) for count in range(6)] * 50
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda live: judged(Cel(READY), live).status, lives))
    assert found == [A if live["status"]["replicas"] >= 3 else P for live in lives]


@pytest.mark.parametrize(
    ("text", "key", "covered"),
    [
        ("Widget", "example.com/v1/Widget/shop/main", True),
        ("Widget", "other.com/v2/Widget/shop/main", True),
        ("example.com/Widget", "example.com/v2beta1/Widget/shop/main", True),
        ("example.com/Widget", "other.com/v1/Widget/shop/main", False),
        ("example.com/Widget", "example.com/v1/Gadget/shop/main", False),
        ("core/Service", "v1/Service/shop/main", True),
        ("core/Service", "serving.knative.dev/v1/Service/shop/main", False),
        ("Service", "serving.knative.dev/v1/Service/shop/main", True),
    ],
)
def test_a_kind_covers(text, key, covered):
    subject = subject_of_kind(text)
    assert subject is not None
    assert subject.covers_key(key) is covered


@pytest.mark.parametrize(
    ("text", "key", "covered"),
    [
        ("Widget/main", "example.com/v1/Widget/shop/main", True),
        ("Widget/main", "example.com/v1/Widget//main", True),
        ("Widget/shop/main", "example.com/v1/Widget/shop/main", True),
        ("Widget/other/main", "example.com/v1/Widget/shop/main", False),
        ("Widget/shop/mine", "example.com/v1/Widget/shop/main", False),
        ("Gadget/main", "example.com/v1/Widget/shop/main", False),
    ],
)
def test_an_object_covers(text, key, covered):
    subject = subject_of_object(text)
    assert subject is not None
    assert subject.covers_key(key) is covered


def test_what_is_neither_a_kind_nor_an_object_is_none():
    assert [subject_of_kind(text) for text in ("", "apps/v1/Deployment", "a b", "/Pod", "Pod/")] == [None] * 5
    assert [subject_of_object(text) for text in ("", "Pod", "Pod/", "Pod/a/b/c", "Pod//b")] == [None] * 5
