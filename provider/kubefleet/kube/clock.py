"""How far a server's clock is ahead of this machine's."""

import time
from collections.abc import Callable

from kubefleet.kube.ask import make_ask
from kubefleet.kube.connection import Connection
from kubefleet.kube.http_date import moment_of


def seconds_ahead(connection: Connection, now: Callable[[], float] = time.time) -> float:
    """By the `Date` of an answer, which may also be a refusal: whole seconds, and 0 where there is none. Negative where
    the server is behind. Raises as `Connection` does.
    """
    ask = make_ask("GET", "/version", {})
    answer = connection.transport.send(ask, connection.patience)
    here = now()
    ahead = moment_of(answer.headers.get("Date", ""), here) - here
    connection.transport.read(answer, connection.patience)
    # Within the second that the header leaves out.
    return 0.0 if -1 < ahead < 1 else ahead
