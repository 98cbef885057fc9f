"""HTTP probes: where a request goes to, and what an answer means."""

import json

import pytest

from kubefleet.health import Health, Status, health
from kubefleet.health.checks import Check, Condition, HttpProbe
from kubefleet.model.subject import Subject

pytestmark = pytest.mark.fast

A, P = Status.AVAILABLE, Status.PROGRESSING
WEB = Subject("Service", "", "shop", "web")


def service(*ports, **more):
    metadata = {"namespace": "shop", "name": "web"}
    spec = {"clusterIP": "10.0.0.1", "ports": [{"port": port} for port in ports]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec, **more}


def pod(*ports):
    containers = [{"name": "a"}, {"name": "b", "ports": [{"name": name, "containerPort": at} for name, at in ports]}]
    metadata = {"namespace": "shop", "name": "web-1"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": containers}}


@pytest.mark.parametrize(
    ("probe", "live", "address"),
    [
        (HttpProbe("/ready"), service(80), "services/web:80/proxy/ready"),
        (HttpProbe("/ready"), service(80, 443), None),
        (HttpProbe("/ready"), service(), None),
        (HttpProbe("/ready", "http"), service(80, 443), "services/web:http/proxy/ready"),
        (HttpProbe("/", "443", "https"), service(80, 443), "services/https:web:443/proxy/"),
        (HttpProbe("/ready?full=1"), service(80), "services/web:80/proxy/ready"),
        (HttpProbe("/ready"), pod(("http", 8080)), "pods/web-1:8080/proxy/ready"),
        (HttpProbe("/ready"), pod(("http", 8080), ("metrics", 9090)), None),
        (HttpProbe("/ready", "metrics"), pod(("http", 8080), ("metrics", 9090)), "pods/web-1:9090/proxy/ready"),
        (HttpProbe("/ready", "grpc"), pod(("http", 8080)), None),
        (HttpProbe("/ready", "7000"), pod(), "pods/web-1:7000/proxy/ready"),
        (HttpProbe("/", "7000", "https"), pod(), "pods/https:web-1:7000/proxy/"),
    ],
)
def test_a_request_goes_to_the_port_that_is_named_or_to_the_only_one(probe, live, address):
    assert probe.address(live) == (address and f"/api/v1/namespaces/shop/{address}")


STATUS = {"kind": "Status", "apiVersion": "v1", "message": 'no endpoints available for service\n"web"', "code": 503}


@pytest.mark.parametrize(
    ("contains", "status", "body", "expected"),
    [
        ("", 200, b"", (A, "it: http :80/ready answered 200")),
        ("", 302, b"", (A, "it: http :80/ready answered 302")),
        ("", 404, b"secret", (P, "it: http :80/ready answered 404 (expected a status from 200 to 399)")),
        ("", 199, b"", (P, "it: http :80/ready answered 199 (expected a status from 200 to 399)")),
        ("ready", 200, b"{ready: yes}", (A, "it: http :80/ready answered 200")),
        ("ready", 200, b"secret \xff", (P, "it: http :80/ready answered without `ready`")),
        ("", 503, json.dumps(STATUS).encode(), (P, 'it: http :80/ready: no endpoints available for service "web"')),
        ("", 503, b'{"kind": "Status"}', (P, "it: http :80/ready answered 503 (expected a status from 200 to 399)")),
        ("", 503, b"[1]", (P, "it: http :80/ready answered 503 (expected a status from 200 to 399)")),
    ],
)
def test_an_answer_is_judged_by_status_and_body_which_is_not_shown(contains, status, body, expected):
    found = HttpProbe("/ready", "80", contains=contains).judge("it", status, body)
    assert (found.status, found.reason) == expected


def test_nobody_is_asked_who_is_known_not_to_be_well():
    asked = []

    def send(_probe, live):
        asked.append(live)
        return Health(A, "answered")

    probe = Check(WEB, HttpProbe("/ready", send=send))
    condition = Check(WEB, Condition("Up"))
    assert health(service(80), checks=(probe, condition)).reason == "condition Up is not there (expected True)"
    assert asked == []
    up = {"conditions": [{"type": "Up", "status": "True"}]}
    assert health(service(80, status=up), checks=(probe, condition)).status is A
    assert len(asked) == 1


def test_a_probe_that_no_cluster_was_given_for_does_not_hold():
    assert health(service(80), checks=(Check(WEB, HttpProbe("/ready")),)).status is P
