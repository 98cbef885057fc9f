"""A CRD's kind is told of a moment after the CRD is established."""

import json
import time
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from kubefleet.kube import served
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import Cancelled
from kubefleet.kube.patience import Patience

pytestmark = pytest.mark.fast

NOTHING = {"kind": "APIGroupDiscoveryList", "items": []}
THINGS = {"resource": "things", "responseKind": {"kind": "Thing"}, "scope": "Namespaced", "verbs": ["get"]}
GROUP = {"metadata": {"name": "example.com"}, "versions": [{"version": "v1", "resources": [THINGS]}]}
CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "things.example.com"},
    "spec": {
        "group": "example.com",
        "names": {"kind": "Thing"},
        "versions": [{"name": "v1", "served": True}, {"name": "v1alpha1", "served": False}],
    },
}


PATIENT = Patience(15)


def tell(api: HTTPServer, *, after: float) -> None:
    """A server that tells of the kind so many seconds from now."""
    since = time.monotonic()

    def groups(_: Request) -> Response:
        items = [GROUP] if time.monotonic() - since >= after else []
        return Response(json.dumps({**NOTHING, "items": items}))

    api.expect_request("/api").respond_with_json(NOTHING)
    api.expect_request("/apis").respond_with_handler(groups)


def seconds(connection: Connection, *manifests: Any, patience: Patience = PATIENT) -> float:
    started = time.monotonic()
    served.await_served(connection, manifests, patience)
    return time.monotonic() - started


def test_what_is_served_late_is_waited_for(api: HTTPServer, connection: Connection) -> None:
    tell(api, after=0.5)
    assert 0.4 <= seconds(connection, CRD) < 5
    assert connection.path_of("example.com/v1", "Thing", "a", "b") == "/apis/example.com/v1/namespaces/a/things/b"


def test_what_is_never_served_is_given_up(
    api: HTTPServer, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served, "LONGEST", 0.5)
    tell(api, after=60)
    assert 0.4 <= seconds(connection, CRD) < 5


def test_what_defines_no_kind_costs_nothing(api: HTTPServer, connection: Connection) -> None:
    seconds(connection, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}})
    assert api.log == []


def test_a_cancel_ends_it(api: HTTPServer, connection: Connection) -> None:
    tell(api, after=60)
    with pytest.raises(Cancelled):
        seconds(connection, CRD, patience=Patience(15, None, lambda: True))
