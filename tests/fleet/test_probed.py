"""HTTP probes through the real proxy of real API servers: the lab's pods are given the address of a server of the
test, which has to be another one than the loopback's, to which the proxy does not go.
"""

import json
import socket
import subprocess
import threading
from contextlib import contextmanager, suppress

import pytest
from pytest_httpserver import HTTPServer

pytestmark = pytest.mark.engine

ON = ("eu-1", "us-1")


def own_address() -> str:
    """Of this machine, beside the loopback's; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return probe.getsockname()[0]


@pytest.fixture
def behind():
    """What all pods run."""
    with HTTPServer(host=own_address(), port=0) as server:
        server.expect_request("/ready").respond_with_data("ready")
        yield server


@contextmanager
def pods_at(stack, address):
    """All pods of `shop` have this address, as soon as they have one."""
    done = threading.Event()
    status = json.dumps({"status": {"podIP": address, "podIPs": [{"ip": address}]}})

    def follow():
        while not done.wait(0.3):
            for cluster in ON:
                found = json.loads(stack.kubectl(cluster, "get", "pods", "-n", "shop", "-o", "json"))["items"]
                for pod in found:
                    if pod["status"].get("podIP", address) != address:
                        patch = ("--subresource=status", "--type=merge", f"--patch={status}")
                        # It may have gone meanwhile.
                        with suppress(subprocess.CalledProcessError):
                            stack.kubectl(cluster, "patch", "pod", pod["metadata"]["name"], "-n", "shop", *patch)

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


PROGRAM = """
web = deployment(replicas=2, image="web:{image}")
web["spec"]["template"]["spec"]["containers"][0]["ports"] = [{{"name": "http", "containerPort": {port}}}]
SERVICE = {{"apiVersion": "v1", "kind": "Service", "metadata": {{"name": "web", "namespace": "shop"}},
            "spec": {{"selector": {{"app": "web"}}, "ports": [{{"port": 80, "targetPort": "http"}}]}}}}
fleet.placement("web", manifests=[NAMESPACE, web, SERVICE], policy=PickFixed("eu-1", "us-1"),
    strategy=RollingUpdate(max_unavailable=1, progress_deadline="12s"), health=[
        HealthCheck(object="Service/shop/web", http="/ready"),
        HealthCheck(kind="apps/Deployment", http="{path}", port="http")])
"""


def images(stack):
    path = "jsonpath={.spec.template.spec.containers[0].image}"
    return [stack.kubectl(cluster, "get", "deploy", "web", "-n", "shop", "-o", path) for cluster in ON]


def test_a_rollout_waits_for_what_pods_answer_through_the_api_server(stack, behind):
    stack.write(PROGRAM.format(image=1, path="/ready", port=behind.port))
    with pods_at(stack, behind.host):
        stack.up()
        assert {request.headers.get("X-Forwarded-Uri", "") for request, _ in behind.log} >= {
            "/api/v1/namespaces/shop/services/web:80/proxy/ready"
        }

        # The new pods do not answer as they should: the other cluster is not touched.
        stack.write(PROGRAM.format(image=2, path="/v2", port=behind.port))
        told = stack.up(code=-1)
        assert "eu-1: Deployment shop/web is not available: Pod web-" in told
        assert "http :http/v2 answered 500 (expected a status from 200 to 399) when its time was up" in told
        assert images(stack) == ["web:2", "web:1"]

        # As soon as they do it goes on, though no object has changed.
        behind.expect_request("/v2").respond_with_data("two")
        stack.up()
        assert images(stack) == ["web:2", "web:2"]


def test_a_probe_that_nobody_answers_fails_with_what_the_api_server_says(stack, behind):
    stack.write(PROGRAM.format(image=1, path="/ready", port=behind.port))
    told = stack.up(code=-1)
    assert "is not available: " in told
    assert "error trying to reach service: dial tcp" in told


def test_a_probe_of_what_cannot_be_asked_shows_in_the_preview(stack):
    stack.write(PROGRAM.format(image=1, path="ready", port=80).replace('"Service/shop/web"', '"Namespace/shop"'))
    told = stack.preview(code=-1)
    assert "placements.web.health[0]: a Namespace cannot be sent a request (expected one of Service, Pod, " in told
    assert "placements.web.health[1].http: bad path `ready` (expected one such as `/ready`" in told
