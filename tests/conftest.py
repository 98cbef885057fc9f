"""Real clusters for tests, of which nothing runs at the end of the session; and a server that misbehaves as told."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from pytest_httpserver import HTTPServer

from https_server import Issued, issue, serve
from kubefleet.kube.connection import Connection
from kubefleet.kube.credential import Credential, Fixed
from kubefleet.kube.endpoint import make_endpoint
from kubefleet.kube.patience import Patience
from kubefleet.kube.transport import Transport
from kubefleet.lab._session import session_members
from kubefleet.lab.lab import Lab

# How long an example takes says what else the machine does. Folders may have profiles of their own.
settings.register_profile("patient", deadline=None, suppress_health_check=(HealthCheck.too_slow,))
settings.load_profile("patient")


@pytest.fixture(scope="session")
def quickstart_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Three small clusters with controllers, scheduler and played nodes: one lab for the whole session.

    A test leaves it as it was: no objects of its own, no fault in effect.
    """
    with Lab("quickstart", name="tests", folder=tmp_path_factory.mktemp("labs")) as lab:
        status = lab.status()
        assert status is not None
        yield lab
    assert session_members(status.pid) == ()


@pytest.fixture
def fresh_lab(tmp_path: Path) -> Iterator[Callable[..., Lab]]:
    """Starts labs of the test's own, with the arguments of `Lab`; they end with the test."""
    with ExitStack() as labs:

        def start(spec: Any = "quickstart", **options: Any) -> Lab:
            return labs.enter_context(Lab(spec, folder=tmp_path, **options))

        yield start


@pytest.fixture(scope="session")
def issued() -> Issued:
    return issue()


@pytest.fixture(scope="session")
def server(issued: Issued, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HTTPServer]:
    server = serve(issued, tmp_path_factory.mktemp("server"))
    yield server
    server.stop()


@pytest.fixture
def api(server: HTTPServer) -> HTTPServer:
    """The one server, with nothing to answer yet."""
    server.clear()
    return server


@pytest.fixture(scope="module")
def other_server(issued: Issued, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HTTPServer]:
    server = serve(issued, tmp_path_factory.mktemp("other"))
    yield server
    server.stop()


@pytest.fixture
def other_api(other_server: HTTPServer) -> HTTPServer:
    """A second one, for what is about two clusters."""
    other_server.clear()
    return other_server


@pytest.fixture
def connect_to(issued: Issued) -> Iterator[Callable[..., Connection]]:
    """Makes connections to a server; closes them at the end."""
    made: list[Connection] = []

    def make(server: HTTPServer, *, silence: float = 5, cancelled: Callable[[], bool] = lambda: False) -> Connection:
        endpoint = make_endpoint(f"https://127.0.0.1:{server.port}", ca=issued.certificate)
        transport = Transport("eu-1", endpoint, Fixed(Credential().with_token("a-token")))
        made.append(Connection("eu-1", transport, Patience(silence, cancelled=cancelled)))
        return made[-1]

    yield make
    for connection in made:
        connection.close()


@pytest.fixture
def connection(api: HTTPServer, connect_to: Callable[..., Connection]) -> Connection:
    return connect_to(api)
