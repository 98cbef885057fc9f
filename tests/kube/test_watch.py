import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError, Cancelled
from kubefleet.kube.watch import Objects, watch

pytestmark = pytest.mark.fast

PATH = "/apis/apps/v1/namespaces/a/deployments"


def item(version: int, ready: int = 0, name: str = "web") -> dict[str, Any]:
    return {
        "metadata": {"namespace": "a", "name": name, "resourceVersion": str(version)},
        "status": {"ready": ready},
    }


def event(kind: str, body: dict[str, Any]) -> bytes:
    return json.dumps({"type": kind, "object": body}).encode() + b"\n"


def ready(objects: Objects) -> bool:
    return bool(objects) and all(found["status"]["ready"] >= 3 for found in objects.values())


class Script:
    """Lists and watches as told, one after the other; the last of each is repeated."""

    def __init__(self, api: HTTPServer, lists: list[Any], watches: list[Any]) -> None:
        self.lists, self.watches = lists, watches
        self.asked: list[tuple[str, str | None]] = []
        self.selectors: set[str | None] = set()
        api.expect_request(PATH).respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        watching = request.args.get("watch") == "true"
        self.asked.append(("watch" if watching else "list", request.args.get("resourceVersion")))
        self.selectors.add(request.args.get("fieldSelector"))
        script = self.watches if watching else self.lists
        answer = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(answer, Response):
            return answer
        if not watching:
            version, items = answer
            page = {"apiVersion": "apps/v1", "kind": "DeploymentList", "metadata": {"resourceVersion": str(version)}}
            return Response(json.dumps({**page, "items": items}))
        return Response(answer() if callable(answer) else iter(answer))


def test_what_holds_already_needs_no_watch(api: HTTPServer, connection: Connection) -> None:
    script = Script(api, [(5, [item(5, 3)])], [[]])
    assert watch(connection, PATH, until=ready, within=5, field_selector="metadata.name=web")
    assert script.asked == [("list", None)]
    assert script.selectors == {"metadata.name=web"}


def test_listed_objects_are_as_complete_as_those_of_events(api: HTTPServer, connection: Connection) -> None:
    kinds = []

    def note(objects: Objects) -> bool:
        kinds.extend((found.get("apiVersion"), found.get("kind")) for found in objects.values())
        return True

    # A list of a built-in kind says only in its head what its items are; custom resources say it themselves.
    Script(api, [(5, [item(5), {**item(5, name="own"), "apiVersion": "apps/v1beta1", "kind": "Own"}])], [[]])
    assert watch(connection, PATH, until=note, within=5)
    assert kinds == [("apps/v1", "Deployment"), ("apps/v1beta1", "Own")]


def test_it_ends_with_the_event_that_makes_it_hold(api: HTTPServer, connection: Connection) -> None:
    def events() -> Iterator[bytes]:
        yield event("MODIFIED", item(6, 1))
        yield event("MODIFIED", item(7, 3))
        time.sleep(1)

    script = Script(api, [(5, [item(5)])], [events])
    assert watch(connection, PATH, until=ready, within=5)
    assert script.asked == [("list", None), ("watch", "5")]


def test_a_watch_that_ends_goes_on_from_the_last_bookmark(api: HTTPServer, connection: Connection) -> None:
    bookmark = {"metadata": {"resourceVersion": "9"}}
    script = Script(
        api,
        [(5, [item(5)])],
        [[event("MODIFIED", item(6, 1)), event("BOOKMARK", bookmark)], [event("MODIFIED", item(10, 3))]],
    )
    assert watch(connection, PATH, until=ready, within=5)
    assert script.asked == [("list", None), ("watch", "5"), ("watch", "9")]


def test_a_stream_cut_in_the_middle_of_an_event_goes_on(api: HTTPServer, connection: Connection) -> None:
    cut = Response(event("MODIFIED", item(6, 1)) + b'{"type": "MOD')
    cut.headers["Content-Length"] = "4000"
    script = Script(api, [(5, [item(5)])], [cut, [event("MODIFIED", item(7, 3))]])
    assert watch(connection, PATH, until=ready, within=5)
    assert script.asked == [("list", None), ("watch", "5"), ("watch", "6")]


@pytest.mark.parametrize(
    "expired",
    [
        Response(json.dumps({"reason": "Expired", "message": "too old"}), 410),
        [event("ERROR", {"code": 410, "reason": "Expired", "message": "too old"})],
    ],
)
def test_a_version_that_has_expired_is_listed_anew(api: HTTPServer, connection: Connection, expired: Any) -> None:
    script = Script(api, [(5, [item(5)]), (50, [item(50, 3)])], [expired])
    assert watch(connection, PATH, until=ready, within=5)
    assert script.asked == [("list", None), ("watch", "5"), ("list", None)]


def test_an_object_that_is_deleted_is_gone(api: HTTPServer, connection: Connection) -> None:
    Script(
        api, [(5, [item(5), item(5, name="db")])], [[event("DELETED", item(6)), event("DELETED", item(7, name="db"))]]
    )
    assert watch(connection, PATH, until=lambda objects: not objects, within=5)


def test_time_runs_out(api: HTTPServer, connection: Connection) -> None:
    Script(api, [(5, [item(5)])], [[]])
    started = time.monotonic()
    assert not watch(connection, PATH, until=ready, within=0.4)
    assert time.monotonic() - started < 15


def _waiting(ended: threading.Event) -> Callable[[], Iterator[bytes]]:
    def events() -> Iterator[bytes]:
        yield event("MODIFIED", item(6, 1))
        ended.wait(20)

    return events


def test_a_cancel_wakes_it(api: HTTPServer, connect_to: Callable[..., Connection]) -> None:
    cancelled, ended = threading.Event(), threading.Event()
    Script(api, [(5, [item(5)])], [_waiting(ended)])
    threading.Timer(0.5, cancelled.set).start()
    started = time.monotonic()
    try:
        with pytest.raises(Cancelled):
            watch(connect_to(api, cancelled=cancelled.is_set), PATH, until=ready, within=20)
        assert time.monotonic() - started < 15
    finally:
        ended.set()


def test_a_server_that_is_busy_for_a_moment_is_asked_again(api: HTTPServer, connection: Connection) -> None:
    script = Script(api, [(5, [item(5)])], [Response("{}", 503), [event("MODIFIED", item(7, 3))]])
    assert watch(connection, PATH, until=ready, within=5)
    assert script.asked == [("list", None), ("watch", "5"), ("watch", "5")]


def test_a_server_that_stays_busy_ends_it(api: HTTPServer, connect_to: Callable[..., Connection]) -> None:
    Script(api, [(5, [item(5)])], [Response("{}", 503)])
    started = time.monotonic()
    with pytest.raises(ApiError, match="503"):
        watch(connect_to(api, silence=1), PATH, until=ready, within=20)
    assert time.monotonic() - started < 15


def test_a_server_that_ends_every_watch_at_once_is_not_asked_without_a_break(
    api: HTTPServer, connection: Connection
) -> None:
    script = Script(api, [(5, [item(5)])], [[]])
    assert not watch(connection, PATH, until=ready, within=1.2)
    assert len(script.asked) <= 4


def test_a_right_that_is_missing_is_an_error(api: HTTPServer, connection: Connection) -> None:
    Script(api, [Response(json.dumps({"reason": "Forbidden", "message": "may not list"}), 403)], [[]])
    with pytest.raises(ApiError, match="403 Forbidden"):
        watch(connection, PATH, until=ready, within=5)
