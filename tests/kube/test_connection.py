import datetime
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from https_server import Issued, issue, serve
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError, BadAnswer, Cancelled, Unreachable
from kubefleet.kube.patience import Patience

pytestmark = pytest.mark.fast

PATH = "/api/v1/namespaces/default/configmaps/x"
STATUS = {"kind": "Status", "reason": "Conflict", "message": "it changed", "code": 409}


def answers(api: HTTPServer, path: str, method: str, *responses: Response) -> list[Request]:
    """Answer one after the other; the requests are collected."""
    left, seen = list(responses), []

    def handle(request: Request) -> Response:
        seen.append(request)
        return left.pop(0) if len(left) > 1 else left[0]

    api.expect_request(path, method=method).respond_with_handler(handle)
    return seen


def status(code: int, reason: str = "X", message: str = "m", **headers: str) -> Response:
    body = {"kind": "Status", "reason": reason, "message": message, "code": code}
    return Response(json.dumps(body), code, {"Content-Type": "application/json", **headers})


def ok(**body: object) -> Response:
    return Response(json.dumps(body), 200, {"Content-Type": "application/json"})


def test_429_is_tried_again_after_the_time_the_server_asks_for(api: HTTPServer, connection: Connection) -> None:
    seen = answers(api, PATH, "POST", status(429, **{"Retry-After": "1"}), ok(a=1))
    started = time.monotonic()
    assert connection.post(PATH, {}) == {"a": 1}
    assert time.monotonic() - started >= 1
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("method", "code", "tries"),
    [
        ("GET", 500, 2),
        ("GET", 502, 2),
        ("GET", 503, 2),
        ("GET", 504, 2),
        ("GET", 404, 1),
        ("PATCH", 503, 2),
        ("PATCH", 500, 1),
        ("PATCH", 409, 1),
        ("DELETE", 503, 2),
        ("DELETE", 409, 1),
        ("POST", 503, 1),
    ],
)
def test_only_what_may_be_done_twice_is_tried_again(
    api: HTTPServer, connection: Connection, method: str, code: int, tries: int
) -> None:
    seen = answers(api, PATH, method, status(code), ok(a=1))
    ask: dict[str, Callable[[], object]] = {
        "GET": lambda: connection.get(PATH),
        "PATCH": lambda: connection.patch(PATH, {}),
        "DELETE": lambda: connection.delete(PATH),
        "POST": lambda: connection.post(PATH, {}),
    }
    if tries == 1:
        with pytest.raises(ApiError) as caught:
            ask[method]()
        assert caught.value.status == code
    else:
        assert ask[method]() == {"a": 1}
    assert len(seen) == tries


def test_a_server_that_stays_busy_costs_no_more_than_the_silence_allowed(
    api: HTTPServer, connect_to: Callable[..., Connection]
) -> None:
    answers(api, PATH, "GET", status(503, "ServiceUnavailable"))
    started = time.monotonic()
    with pytest.raises(ApiError, match="503 ServiceUnavailable"):
        connect_to(api, silence=1).get(PATH)
    assert time.monotonic() - started < 15


def test_an_error_carries_kubernetes_status(api: HTTPServer, connection: Connection) -> None:
    causes = [{"field": "spec.replicas", "reason": "FieldValueInvalid", "message": "Invalid value: -1: too small"}]
    body = {"reason": "Invalid", "message": "it is invalid", "details": {"kind": "Deployment", "causes": causes}}
    answers(api, PATH, "PATCH", Response(json.dumps(body), 422))
    with pytest.raises(ApiError) as caught:
        connection.patch(PATH, {})
    error = caught.value
    assert (error.member, error.status, error.reason, error.message) == ("eu-1", 422, "Invalid", "it is invalid")
    assert [(cause.field, cause.message) for cause in error.causes] == [
        ("spec.replicas", "Invalid value: -1: too small")
    ]
    assert str(error) == f"eu-1: PATCH {PATH}: 422 Invalid: it is invalid"


def test_the_value_of_a_secret_is_in_no_error(api: HTTPServer, connection: Connection) -> None:
    path = "/api/v1/namespaces/default/secrets/x"
    message = 'Secret "x" is invalid: data[a]: Invalid value: "s3cret": bad'
    causes = [{"field": "data[a]", "message": 'Invalid value: "s3cret": bad'}]
    body = {"reason": "Invalid", "message": message, "details": {"kind": "Secret", "causes": causes}}
    answers(api, path, "PATCH", Response(json.dumps(body), 422))
    with pytest.raises(ApiError) as caught:
        connection.patch(path, {})
    assert "s3cret" not in f"{caught.value} {caught.value.message} {caught.value.causes}"
    assert caught.value.causes[0].field == "data[a]"


def test_a_page_of_a_proxy_is_no_message(api: HTTPServer, connection: Connection) -> None:
    answers(api, PATH, "POST", Response("<html>Bad gateway</html>", 502))
    with pytest.raises(ApiError, match="502 BadGateway: no Kubernetes status"):
        connection.post(PATH, {})


@pytest.mark.parametrize("text", ["{", "[1]", "", "null", "a text"])
def test_what_is_not_a_json_object_is_a_bad_answer(api: HTTPServer, connection: Connection, text: str) -> None:
    answers(api, PATH, "GET", Response(text, 200))
    with pytest.raises(BadAnswer, match="is not"):
        connection.get(PATH)


def test_an_answer_cut_short_is_asked_for_again(api: HTTPServer, connection: Connection) -> None:
    cut = Response("{", 200)
    cut.headers["Content-Length"] = "100"
    seen = answers(api, PATH, "GET", cut, ok(a=1))
    assert connection.get(PATH) == {"a": 1}
    assert len(seen) == 2


def test_a_post_that_is_cut_is_not_sent_twice(api: HTTPServer, connection: Connection) -> None:
    cut = Response("{", 200)
    cut.headers["Content-Length"] = "100"
    seen = answers(api, PATH, "POST", cut, ok(a=1))
    with pytest.raises(Unreachable, match="cut"):
        connection.post(PATH, {})
    assert len(seen) == 1


def page(names: list[str], token: str = "") -> Response:
    items = [{"metadata": {"name": name, "uid": name}} for name in names]
    return ok(metadata={"continue": token}, items=items)


def names_of(items: Iterator[dict[str, object]]) -> list[str]:
    return [str(item["metadata"]["name"]) for item in items]  # type: ignore[index]


def test_a_list_is_read_page_by_page(api: HTTPServer, connection: Connection) -> None:
    seen = answers(api, "/api/v1/pods", "GET", page(["a", "b"], "t1"), page(["c"]))
    assert names_of(connection.list("/api/v1/pods", limit=2, labelSelector="app=x")) == ["a", "b", "c"]
    assert [request.args.get("continue") for request in seen] == [None, "t1"]
    assert {request.args["limit"] for request in seen} == {"2"}
    assert {request.args["labelSelector"] for request in seen} == {"app=x"}


def test_a_list_that_expires_goes_on_with_the_token_the_server_offers(api: HTTPServer, connection: Connection) -> None:
    expired = Response(json.dumps({"reason": "Expired", "metadata": {"continue": "t2"}}), 410)
    seen = answers(api, "/api/v1/pods", "GET", page(["a", "b"], "t1"), expired, page(["c"]))
    assert names_of(connection.list("/api/v1/pods")) == ["a", "b", "c"]
    assert [request.args.get("continue") for request in seen] == [None, "t1", "t2"]


def test_a_list_that_starts_again_repeats_nothing(api: HTTPServer, connection: Connection) -> None:
    seen = answers(api, "/api/v1/pods", "GET", page(["a", "b"], "t1"), status(410), page(["a", "c"], "t2"), page(["d"]))
    assert names_of(connection.list("/api/v1/pods")) == ["a", "b", "c", "d"]
    assert [request.args.get("continue") for request in seen] == [None, "t1", None, "t2"]


def test_a_list_that_always_expires_ends_with_the_error(api: HTTPServer, connection: Connection) -> None:
    offered = json.dumps({"reason": "Expired", "metadata": {"continue": "t"}})
    answers(api, "/api/v1/pods", "GET", page(["a"], "t"), *[Response(offered, 410) for _ in range(9)])
    with pytest.raises(ApiError, match="410 Expired"):
        list(connection.list("/api/v1/pods"))


def test_a_page_of_something_else_is_a_bad_answer(api: HTTPServer, connection: Connection) -> None:
    answers(api, "/api/v1/pods", "GET", ok(items={"a": 1}))
    with pytest.raises(BadAnswer, match="not a list"):
        list(connection.list("/api/v1/pods"))


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port where connections are accepted and nothing is ever said, as a stopped process leaves it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_server_that_says_nothing_is_unreachable_in_time(
    api: HTTPServer, connect_to: Callable[..., Connection], silent_port: int
) -> None:
    connection = _moved(connect_to(api, silence=1.5), silent_port)
    started = time.monotonic()
    with pytest.raises(Unreachable, match="no answer"):
        connection.get("/version")
    assert 1 < time.monotonic() - started < 15


def test_a_server_that_falls_silent_in_the_middle_is_unreachable_in_time(
    api: HTTPServer, connect_to: Callable[..., Connection]
) -> None:
    awake = threading.Event()
    api.expect_request("/version").respond_with_handler(lambda _: Response(_drip(awake, 60)))
    started = time.monotonic()
    try:
        with pytest.raises(Unreachable, match="no complete answer before the deadline"):
            connect_to(api, silence=1).by(started + 1.5).get("/version")
        assert 1 < time.monotonic() - started < 15
    finally:
        awake.set()


def _drip(ended: threading.Event, seconds: float) -> Iterator[bytes]:
    """A byte every half second: never silent, never done."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and not ended.wait(0.5):
        yield b" "


def test_a_cancel_ends_a_request_at_once(api: HTTPServer, connect_to: Callable[..., Connection]) -> None:
    cancelled, awake = threading.Event(), threading.Event()
    api.expect_request("/version").respond_with_handler(lambda _: Response(_drip(awake, 60)))
    threading.Timer(0.5, cancelled.set).start()
    started = time.monotonic()
    try:
        with pytest.raises(Cancelled):
            connect_to(api, silence=30, cancelled=cancelled.is_set).get("/version")
        assert time.monotonic() - started < 15
    finally:
        awake.set()


def test_a_refused_connection_is_asked_again_unless_there_is_a_deadline(
    api: HTTPServer, connect_to: Callable[..., Connection]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free = listener.getsockname()[1]
    connection = _moved(connect_to(api, silence=1.5), free)
    started = time.monotonic()
    with pytest.raises(Unreachable, match="refused"):
        connection.by(started + 20).get("/version")
    asked_once = time.monotonic() - started
    with pytest.raises(Unreachable, match="refused"):
        connection.get("/version")
    again = time.monotonic() - started - asked_once
    assert again > 0.7
    assert again > asked_once


def test_a_certificate_that_has_expired_is_named(tmp_path: Path, connect_to: Callable[..., Connection]) -> None:
    expired = issue(valid_for=datetime.timedelta(hours=-1))
    server = serve(expired, tmp_path)
    try:
        connection = _trusting(connect_to(server), expired)
        with pytest.raises(Unreachable, match="not trusted: certificate has expired"):
            connection.get("/version")
    finally:
        server.stop()


def test_a_certificate_of_somebody_else_is_not_trusted(api: HTTPServer, connect_to: Callable[..., Connection]) -> None:
    connection = _trusting(connect_to(api), issue())
    with pytest.raises(Unreachable, match="certificate is not trusted"):
        connection.get("/version")


def test_neither_connection_nor_credential_shows_the_token(connection: Connection) -> None:
    credential = connection.transport.source.current(Patience(1))
    assert "a-token" not in f"{connection!r} {credential!r} {connection.transport!r}"


def _moved(connection: Connection, port: int) -> Connection:
    transport = connection.transport
    transport.endpoint = replace(transport.endpoint, server=f"https://127.0.0.1:{port}")
    return connection


def _trusting(connection: Connection, authority: Issued) -> Connection:
    transport = connection.transport
    transport.endpoint = replace(transport.endpoint, ca=authority.certificate)
    return connection
