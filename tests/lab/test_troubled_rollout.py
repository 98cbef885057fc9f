"""Busy and broken servers in the middle of a rollout: either nobody notices, or the reason is told and the next run
goes on where it was; nothing is made twice.
"""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler

import pytest
from lab_objects import QUICK
from troubled_server import Meets, TroubledServer, say, status

from kubefleet.kube import connect
from kubefleet.kube.connection import Connection
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.model.access import Kubeconfig
from kubefleet.model.phase import Phase
from kubefleet.model.strategy import RollingUpdate
from kubefleet.rollout.settle import run_settle
from kubefleet.rollout.task import Result, Task
from kubefleet.rollout.walk import run_rollout

pytestmark = pytest.mark.lab

MEMBER = "us-1"
PATH = "/apis/apps/v1/namespaces/default/deployments/troubled"


def objects(image: str) -> tuple[dict, ...]:
    container = {"name": "main", "image": image, "resources": {"requests": {"cpu": "100m"}}}
    template = {"metadata": {"labels": {"app": "troubled"}, "annotations": QUICK}, "spec": {"containers": [container]}}
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "troubled"}}, "template": template}
    metadata = {"name": "troubled", "namespace": "default"}
    return (
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"image": image}},
    )


@pytest.fixture
def server(quickstart_lab, tmp_path) -> Iterator[TroubledServer]:
    made = TroubledServer(quickstart_lab.kubeconfig, MEMBER, tmp_path)
    yield made
    made.close()


@pytest.fixture
def direct(quickstart_lab) -> Iterator[Connection]:
    connection = connect(MEMBER, quickstart_lab.access(MEMBER))
    yield connection
    connection.close()


@pytest.fixture
def run(server, direct) -> Iterator[Callable[..., Result]]:
    """Runs a whole rollout on that way; what it has placed is removed on the direct one."""
    troubled = connect(MEMBER, Kubeconfig("troubled", str(server.kubeconfig)), answer_within=6)

    def task(connection: Connection, image: str) -> Task:
        keys = {f"{item['apiVersion']}/{item['kind']}/default/troubled": item for item in objects(image)}
        return Task(
            identity=PlacementIdentity("00000000000000cc", "troubled", "shop", "org/project/test"),
            manifests=keys if image else {},
            revision=image,
            target={MEMBER: {"Deployment/default/troubled": 2}} if image else {},
            members=(MEMBER,),
            strategy=RollingUpdate(progress_deadline=40),
            connect=lambda _: connection,
            show=lambda _: None,
            warn=lambda _: None,
        )

    def run(image: str = "troubled:1") -> Result:
        found = run_rollout(task(troubled, image))
        return run_settle(task(troubled, image)) if found.phase is Phase.COMPLETE and not found.pending else found

    yield run
    server.trouble = lambda _: False
    assert run_settle(task(direct, "")).phase is Phase.COMPLETE
    troubled.close()


def assert_complete(found: Result) -> None:
    assert (found.phase, found.reason, found.pending) == (Phase.COMPLETE, "", ())


def first(count: int, matches: Callable[[BaseHTTPRequestHandler], bool], answer: Meets) -> Meets:
    """The first so many requests that match meet an answer."""
    left, lock = [count], threading.Lock()

    def meets(request: BaseHTTPRequestHandler) -> bool:
        if not matches(request):
            return False
        with lock:
            if left[0] == 0:
                return False
            left[0] -= 1
        return answer(request)

    return meets


def any_one(_: BaseHTTPRequestHandler) -> bool:
    return True


def a_patch(request: BaseHTTPRequestHandler) -> bool:
    return request.command == "PATCH" and request.path.startswith(PATH)


def a_watch(request: BaseHTTPRequestHandler) -> bool:
    return "watch=" in request.path


def busy(request: BaseHTTPRequestHandler) -> bool:
    say(request, 429, status(429, "TooManyRequests", "please try again later"), Retry_After="1")
    return True


def unavailable(request: BaseHTTPRequestHandler) -> bool:
    say(request, 503, status(503, "ServiceUnavailable", "the server is currently unable to handle the request"))
    return True


def contended(request: BaseHTTPRequestHandler) -> bool:
    say(request, 409, status(409, "Conflict", "the object has been modified; please apply your changes to the latest"))
    return True


def expired(request: BaseHTTPRequestHandler) -> bool:
    body = b'{"type":"ERROR","object":' + status(410, "Expired", "too old resource version") + b"}\n"
    say(request, 200, body)
    return True


def cut(server: TroubledServer) -> Meets:
    def meets(request: BaseHTTPRequestHandler) -> bool:
        server.forward(request, cut_after=40)
        return True

    return meets


@pytest.mark.parametrize(
    ("matches", "count", "trouble"),
    [
        (any_one, 3, lambda _: busy),
        (any_one, 2, lambda _: unavailable),
        (a_watch, 2, lambda _: expired),
        (a_watch, 3, cut),
        (lambda request: request.command == "GET" and not a_watch(request), 2, cut),
        (a_patch, 1, cut),
    ],
    ids=["429", "503", "410", "cut watches", "cut answers", "a cut write"],
)
def test_a_moment_of_it_is_not_noticed(run, server, direct, matches, count, trouble):
    server.trouble = first(count, matches, trouble(server))
    assert_complete(run())
    live = direct.get(PATH)
    assert (live["metadata"]["generation"], live["status"]["availableReplicas"]) == (1, 2)
    server.trouble = first(count, matches, trouble(server))
    assert_complete(run("troubled:2"))
    assert direct.get(PATH)["metadata"]["generation"] == 2


@pytest.mark.parametrize(
    ("matches", "trouble", "told"),
    [
        (any_one, busy, "429"),
        (any_one, unavailable, "503"),
        (a_patch, contended, "the object has been modified"),
    ],
    ids=["429", "503", "409"],
)
def test_where_it_lasts_the_reason_is_told_and_the_next_run_goes_on(run, server, direct, matches, trouble, told):
    server.trouble = first(10**6, matches, trouble)
    stopped = run()
    assert stopped.phase is Phase.FAILED or stopped.pending == (MEMBER,)
    assert told in stopped.reason
    server.trouble = lambda _: False
    assert_complete(run())
    assert direct.get(PATH)["metadata"]["generation"] == 1
