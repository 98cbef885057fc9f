"""Checks before and after a stage, on a real engine and real clusters: what is asked, and what becomes of a failure."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

pytestmark = pytest.mark.engine

WEB = """
fleet.placement("web", manifests=[NAMESPACE, deployment(replicas=2, image="{image}")], policy=PickAll(),
    strategy=StagedUpdate([Stage("canary", selector=["eu-1"], {gates})], on_failure="{then}", progress_deadline="60s"))
"""
SMOKE = """{"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "smoke", "namespace": "shop"}, "spec": {
    "backoffLimit": 0, "template": {"metadata": {"annotations": {"lab.pulumi-kubefleet/outcome": "OUTCOME"}},
    "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "smoke:1"}]}}}}"""


class Server:
    """A web server that is a Prometheus as well: its error rate is `errors`, and it is up where that is said."""

    def __init__(self) -> None:
        self.errors, self.up, self.asked = "0", True, list[str]()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                split = urlsplit(self.path)
                server.asked.append(self.path)
                found = {"metric": {"job": "web"}, "value": [0, server.errors]}
                body = {"status": "success", "data": {"resultType": "vector", "result": [found]}}
                if split.path == "/api/v1/query":
                    assert parse_qs(split.query)["query"] == ["rate(errors[1m])"]
                self.send_response(200 if server.up else 503)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.stop()


def program(stack, image, gates, *, then="pause"):
    stack.write(WEB.format(image=image, gates=gates, then=then))


def images(stack):
    path = "jsonpath={.spec.template.spec.containers[0].image}"
    return {
        name: stack.kubectl(name, "get", "deploy", "web", "-n", "shop", "-o", path) for name in ("eu-1", "eu-2", "us-1")
    }


def test_a_stage_is_judged_by_prometheus_and_a_web_server_and_the_others_wait(stack, server):
    rate = f'Check(prometheus="{server.url}", query="rate(errors[1m])", below=0.01, interval=1, deadline=DEADLINE)'
    up = f'Check(http="{server.url}/${{cluster.name}}", successes=3, interval=1, deadline=DEADLINE)'
    program(stack, "web:1", f"before=[{up}], after=[{rate}]".replace("DEADLINE", "30"))
    stack.up()
    assert server.asked.count("/eu-1") == 3
    assert "/us-1" not in server.asked

    server.errors = "0.5"
    program(stack, "web:2", f"before=[{up}], after=[{rate}]".replace("DEADLINE", "4"), then="rollback")
    mark = stack.events()
    shown = stack.up(code=-1)
    assert 'web/canary failed: check `rate(errors[1m])`: `rate(errors[1m])` is 0.5 of {job="web"} (expected' in shown
    assert "rolled back: eu-1 to revision" in shown
    assert set(images(stack).values()) == {"web:1"}
    assert {cluster for cluster, *_ in stack.writes(mark)} == {"eu-1"}

    server.errors, server.up = "0", False
    mark = stack.events()
    shown = stack.up(code=-1)
    assert f"web/canary failed: check {server.url}/${{cluster.name}}: eu-1: {server.url}/eu-1 answered 503" in shown
    assert stack.writes(mark) == []

    server.up = True
    stack.up()
    assert set(images(stack).values()) == {"web:2"}
    asked = len(server.asked)
    assert "to update" not in stack.run("preview").stdout
    # More replicas, or nothing at all, ask nobody.
    stack.up()
    assert len(server.asked) == asked


def test_a_smoke_job_and_an_expression_judge_a_stage_and_leave_nothing_behind(stack):
    cel = 'Check(object="Deployment/shop/web", cel="object.status.availableReplicas == 2", interval=1, deadline=20)'
    smoke = f"Check(job={SMOKE}, interval=1, deadline=40)"
    program(stack, "web:1", f"after=[{cel}, {smoke}]".replace("OUTCOME", "fine"))
    mark = stack.events()
    stack.up()
    made = [
        (cluster, verb) for cluster, verb, resource, name in stack.writes(mark) if (resource, name) == ("jobs", "smoke")
    ]
    assert made == [("eu-1", "patch"), ("eu-1", "delete")]
    assert set(images(stack).values()) == {"web:1"}

    program(stack, "web:2", f"after=[{cel}, {smoke}]".replace("OUTCOME", "failed"))
    shown = stack.up(code=-1)
    assert "web/canary failed: check Job shop/smoke: eu-1: Job shop/smoke is not available:" in shown
    assert images(stack) == {"eu-1": "web:2", "eu-2": "web:1", "us-1": "web:1"}
    assert stack.kubectl("eu-1", "get", "jobs", "-n", "shop", "-o", "name") == ""

    (stack.folder / "rules.py").write_text(
        "def calm(facts):\n    return f\"{facts['stage']} of {facts['clusters']}\"\n"
    )
    program(stack, "web:2", 'after=[Check(function="rules:calm", interval=1, deadline=2)]')
    assert "check rules:calm: rules:calm: canary of ['eu-1'] when its time was up (2 s)" in stack.up(code=-1)
    program(stack, "web:2", f"after=[{cel}]")
    stack.up()
    assert set(images(stack).values()) == {"web:2"}


def test_all_mistakes_in_gates_show_in_the_preview_with_a_caret(stack):
    program(
        stack,
        "web:1",
        """before=[Check(http="web"), Check(), Check(prometheus=pulumi.Output.secret("hunter2"), query="up", below=1)],
           after=[Check(object="Deployment/shop/wbe", cel="size(object) == '1'"), Check(job={}), Check(htp="x")]""",
    )
    shown = stack.preview(code=-1)
    for said in (
        "strategy.stages[0].before[0].http: bad URL `web`",
        "strategy.stages[0].before[1]: none of object, kind, http, prometheus, job, function",
        "strategy.stages[0].before[2].prometheus: a secret (expected none",
        "strategy.stages[0].after[0].object: it has no object `Deployment/shop/wbe`",
        "Did you mean `Deployment/shop/web`?",
        "strategy.stages[0].after[0].cel: found no matching overload",
        "strategy.stages[0].after[1].job: no Job",
        "strategy.stages[0].after[2]: none of object, kind",
    ):
        assert said in shown, shown
    assert "hunter2" not in shown
    lines = shown.splitlines()
    at = next(at for at, line in enumerate(lines) if "found no matching overload" in line)
    assert lines[at + 2].index("^") == lines[at + 1].index("== '1'")
