"""A server that misbehaves as told, and connections to it."""

from collections.abc import Callable, Iterator

import pytest
from https_server import Issued, issue, serve
from pytest_httpserver import HTTPServer

from kubefleet.kube.connection import Connection
from kubefleet.kube.credential import Credential, Fixed
from kubefleet.kube.endpoint import make_endpoint
from kubefleet.kube.patience import Patience
from kubefleet.kube.transport import Transport


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
