"""HTTP probes through an API server that is played: what is asked, how often, and what is made of errors."""

import time

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from kubefleet.health import Status, health
from kubefleet.health.checks import Check, HttpProbe
from kubefleet.kube.connection import Connection
from kubefleet.kube.http_probes import with_probes
from kubefleet.kube.label_selector import label_selector
from kubefleet.model.subject import Subject

pytestmark = pytest.mark.fast

SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"namespace": "shop", "name": "web"},
    "spec": {"clusterIP": "10.0.0.1", "ports": [{"port": 80}]},
}
WORKLOAD = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"namespace": "shop", "name": "web", "generation": 1},
    "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}},
}
PROXY = "/api/v1/namespaces/shop/services/web:80/proxy/ready"
PODS = "/api/v1/namespaces/shop/pods"


def pod(name, *, phase="Running", **metadata):
    spec = {"containers": [{"ports": [{"containerPort": 8080}]}]}
    return {"metadata": {"namespace": "shop", "name": name, **metadata}, "spec": spec, "status": {"phase": phase}}


def judged(connection, live, probe):
    checks = (Check(Subject(live["kind"]), probe, replaces=True),)
    return health(live, checks=with_probes(checks, connection))


def test_a_refusal_is_the_reason_and_is_not_asked_again_at_once(api: HTTPServer, connection: Connection) -> None:
    status = {"kind": "Status", "apiVersion": "v1", "message": 'services "web" is forbidden', "code": 403}
    for code in (403, 503):
        api.clear()
        api.expect_request(PROXY).respond_with_json(status, status=code)
        found = judged(connection, SERVICE, HttpProbe("/ready"))
        assert (found.status, found.reason) == (
            Status.PROGRESSING,
            'Service web: http /ready: services "web" is forbidden',
        )
        assert len(api.log) == 1


def test_a_query_travels_and_a_redirect_is_not_followed(api: HTTPServer, connection: Connection) -> None:
    api.expect_request(PROXY, query_string="full=1&x=%20").respond_with_data("", 302, {"Location": "/elsewhere"})
    assert judged(connection, SERVICE, HttpProbe("/ready?full=1&x=%20")).status is Status.AVAILABLE
    assert len(api.log) == 1


def test_who_never_ends_an_answer_is_not_waited_for(api: HTTPServer, connection: Connection) -> None:
    def drip(_request):
        def bytes_for_ever():
            while True:
                yield b"x" * 100_000

        return Response(bytes_for_ever())

    api.expect_request(PROXY).respond_with_handler(drip)
    began = time.monotonic()
    assert judged(connection, SERVICE, HttpProbe("/ready")).status is Status.AVAILABLE
    assert time.monotonic() - began < 30


def test_each_pod_of_a_workload_is_asked_but_those_that_go_or_have_ended(
    api: HTTPServer, connection: Connection
) -> None:
    gone = "2026-01-01T00:00:00Z"
    pods = [pod("b"), pod("a"), pod("going", deletionTimestamp=gone), pod("over", phase="Succeeded")]
    api.expect_request(PODS, query_string={"labelSelector": "app=web", "limit": "500"}).respond_with_json(
        {"metadata": {}, "items": pods}
    )
    for name, status in (("a", 200), ("b", 500)):
        api.expect_request(f"{PODS}/{name}:8080/proxy/ready").respond_with_data("", status)
    found = judged(connection, WORKLOAD, HttpProbe("/ready"))
    assert (found.status, found.reason) == (
        Status.PROGRESSING,
        "Pod b: http /ready answered 500 (expected a status from 200 to 399)",
    )
    assert sorted(request.path.partition("/pods/")[2] for request, _ in api.log if "proxy" in request.path) == [
        "a:8080/proxy/ready",
        "b:8080/proxy/ready",
    ]


def test_a_port_that_is_not_there_is_a_reason_and_nobody_is_asked(api: HTTPServer, connection: Connection) -> None:
    api.expect_request(PODS).respond_with_json({"metadata": {}, "items": [pod("a")]})
    found = judged(connection, {**WORKLOAD, "spec": {"replicas": 1}}, HttpProbe("/ready", "grpc"))
    assert (found.status, found.reason) == (Status.PROGRESSING, "Pod a: http :grpc/ready: has not port `grpc`")
    several = {**SERVICE, "spec": {"ports": [{"port": 80}, {"port": 81}]}}
    assert judged(connection, several, HttpProbe("/ready")).reason.endswith("has not one port (name it by `port`)")


@pytest.mark.parametrize(
    ("workload", "there", "told"),
    [
        ({"spec": {"replicas": 2}}, [], (Status.PROGRESSING, "0 of 2 pods there to be asked")),
        ({"spec": {"replicas": 2}}, [pod("a")], (Status.PROGRESSING, "1 of 2 pods there to be asked")),
        ({"spec": {}}, [], (Status.PROGRESSING, "0 of 1 pods there to be asked")),
        ({"spec": {"replicas": 0}}, [], (Status.AVAILABLE, "is to have no pods")),
        (
            {"kind": "DaemonSet", "spec": {}, "status": {"desiredNumberScheduled": 3}},
            [],
            (Status.PROGRESSING, "0 of 3 pods there to be asked"),
        ),
        ({"kind": "DaemonSet", "spec": {}, "status": {}}, [], (Status.AVAILABLE, "is to have no pods")),
    ],
)
def test_a_workload_without_its_pods_has_not_answered(
    api: HTTPServer, connection: Connection, workload, there, told
) -> None:
    api.expect_request(PODS).respond_with_json({"metadata": {}, "items": there})
    found = judged(connection, {**WORKLOAD, **workload}, HttpProbe("/ready"))
    assert (found.status, found.reason) == told


@pytest.mark.parametrize(
    ("selector", "text"),
    [
        ({"matchLabels": {"b": "2", "a": "1"}}, "a=1,b=2"),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["x", "y"]}]}, "a in (x,y)"),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["x"]}]}, "a notin (x)"),
        (
            {
                "matchLabels": {"a": "1"},
                "matchExpressions": [{"key": "b", "operator": "Exists"}, {"key": "c", "operator": "DoesNotExist"}],
            },
            "a=1,b,!c",
        ),
        ({"app": "web"}, "app=web"),
    ],
)
def test_a_selector_is_written_as_the_api_server_reads_it(selector, text):
    assert label_selector({"spec": {"selector": selector}}) == text
