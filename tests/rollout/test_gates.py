"""Gates by a clock of the test's own, and servers that answer as told."""

import socket

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from kubefleet.health import Status
from kubefleet.health.probes import Http, Prometheus
from kubefleet.health.status import available, failed, progressing
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.model.gate import Check, Wait
from kubefleet.model.phase import Phase
from kubefleet.model.strategy import StagedUpdate
from kubefleet.rollout import gates
from kubefleet.rollout.asked import ask_http, ask_prometheus
from kubefleet.rollout.gates import Gates
from kubefleet.rollout.live import Live
from kubefleet.rollout.planner import Copy
from kubefleet.rollout.task import Task

pytestmark = pytest.mark.fast

FINE, NOT_YET, GIVEN_UP = available("fine"), progressing("not yet"), failed("broken")


class World:
    """Looks find one answer after the other, the last one from then on; a look takes no time, sleeping does."""

    def __init__(self, monkeypatch, *answers, ill=()):
        self.now, self.looked, self.shown = 1000.0, [], []
        world, answers = self, list(answers)

        class Timed(Task):
            def sleep(self, seconds):
                world.now += seconds

        self.task = Timed(
            identity=PlacementIdentity("0" * 16, "web", "shop", "dev"),
            manifests={},
            revision="new",
            target={},
            members=(),
            strategy=StagedUpdate(()),
            connect=lambda name: None,
            show=self.shown.append,
            warn=self.shown.append,
        )

        def look_at(*_):
            world.looked.append(world.now - 1000)
            return answers.pop(0) if len(answers) > 1 else answers[0]

        def read_live(_task, clusters):
            return Live({name: Copy(name, "new", {}, name not in ill) for name in clusters}, {})

        monkeypatch.setattr(gates, "look_at", look_at)
        monkeypatch.setattr(gates, "read_live", read_live)

    def gates(self):
        return Gates(self.task, "canary", ("a", "b"), clock=lambda: self.now)


@pytest.mark.parametrize(
    ("check", "answers", "looked", "reason"),
    [
        (Check("it"), [FINE], [0], ""),
        (Check("it", interval=5), [NOT_YET, FINE], [0, 5], ""),
        (Check("it", successes=3, interval=5), [FINE], [0, 5, 10], ""),
        # In a row: one that does not hold begins anew.
        (Check("it", successes=2, interval=5), [FINE, NOT_YET, FINE], [0, 5, 10, 15], ""),
        (Check("it", interval=4, deadline=10), [NOT_YET], [0, 4, 8, 10], "not yet when its time was up (10 s)"),
        (
            Check("it", successes=3, interval=4, deadline=10),
            [NOT_YET, NOT_YET, FINE],
            [0, 4, 8, 10],
            "it held 2 of 3 times in a row when its time was up (10 s)",
        ),
        # What will not become well is not waited for.
        (Check("it", interval=5), [NOT_YET, GIVEN_UP], [0, 5], "broken"),
    ],
)
@pytest.mark.parametrize("side", ["before", "after"])
def test_a_check_holds_so_often_in_a_row_within_its_time(monkeypatch, check, answers, looked, reason, side):
    world = World(monkeypatch, *answers)
    found = world.gates().before([check]) if side == "before" else world.gates().after([check], 1000)
    assert world.looked == looked
    if not reason:
        assert found is None
    else:
        assert (found.phase, found.broken, found.reason) == (Phase.FAILED, True, f"check it: {reason}")
        assert found.pending == (("a", "b") if side == "before" else ())


def test_gates_come_one_after_the_other_and_a_wait_counts_from_when_the_stage_was_healthy(monkeypatch):
    world = World(monkeypatch, FINE)
    assert world.gates().after([Check("it", successes=2, interval=5), Wait(30), Check("it")], 990) is None
    assert world.looked == [0, 5, 20]
    assert world.gates().after([Wait(30)], 900) is None
    assert world.now == 1020


def test_what_is_ill_after_the_time_that_gates_take_fails_the_stage(monkeypatch):
    world = World(monkeypatch, FINE, ill=["b"])
    assert world.gates().after([], 1000) is None
    found = world.gates().after([Wait(3)], 1000)
    assert (found.phase, found.broken, found.reason) == (
        Phase.FAILED,
        True,
        "not available any more after the wait: b",
    )


def test_a_web_server_is_asked(httpserver: HTTPServer, monkeypatch):
    httpserver.expect_request("/up", headers={"Authorization": "Bearer word"}).respond_with_data("fine")
    httpserver.expect_request("/moved").respond_with_response(Response(status=302, headers={"Location": "/there"}))
    httpserver.expect_request("/there").respond_with_data("")
    monkeypatch.setenv("TOKEN", "word")
    up = Http(httpserver.url_for("/up"), token_env="TOKEN", contains="fine")
    assert ask_http(up).status is Status.AVAILABLE
    assert ask_http(Http(httpserver.url_for("/moved"))).status is Status.AVAILABLE
    monkeypatch.delenv("TOKEN")
    assert ask_http(up).reason == f"{up.url}: the environment variable TOKEN is not set"
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
    assert ask_http(Http(f"http://127.0.0.1:{port}/")).reason.endswith("Connection refused")


def test_prometheus_is_asked(httpserver: HTTPServer):
    answer = {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1, "0.5"]}]}}
    httpserver.expect_request("/p/api/v1/query", query_string={"query": "a{b='c'} + 1"}).respond_with_json(answer)
    httpserver.expect_request("/html/api/v1/query").respond_with_data("<html>")
    look = Prometheus(httpserver.url_for("/p"), "a{b='c'} + 1", below=1)
    assert ask_prometheus(look).status is Status.AVAILABLE
    html = Prometheus(httpserver.url_for("/html"), "up", below=1)
    assert ask_prometheus(html).reason == f"`up`: {html.url} answered 200, not as Prometheus does"
