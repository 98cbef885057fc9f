"""What fails below HTTP, as one of our errors with one line that says why."""

import http.client
import ssl
from typing import Final
from urllib.parse import urlsplit

import urllib3

from kubefleet.kube.endpoint import Endpoint
from kubefleet.kube.errors import Cancelled, Unreachable
from kubefleet.kube.patience import Impatient

CONNECT_WITHIN: Final = 4.0
"""Seconds for a connection to come about: a cancel must end a command in less than 5, also while nobody answers."""

FAILURES: Final = (urllib3.exceptions.HTTPError, OSError, Impatient, http.client.HTTPException)
"""Everything that sending and reading raise."""


class Broken(Unreachable):
    """The connection was cut before the answer was complete: the request may or may not have been carried out."""


class Silent(Unreachable):
    """No connection came about in time, so nothing was carried out. Another try may find the server awake."""


class NotListening(Unreachable):
    """Nobody is there to connect to, so nothing was carried out. Another try may find the server back."""


def explain(error: Exception, member: str, endpoint: Endpoint) -> Unreachable | Cancelled:
    """One of FAILURES as ours, by its innermost known cause."""
    where = urlsplit(endpoint.server).netloc
    for cause in _causes(error):
        match cause:
            case Impatient():
                return Cancelled(member) if cause.cancelled else Unreachable(member, cause.why)
            case ssl.SSLCertVerificationError():
                return Unreachable(member, f"its certificate is not trusted: {cause.verify_message}")
            case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
                return Broken(member, f"connection to {where} cut")
            case ssl.SSLError():
                return Unreachable(member, f"TLS failed: {(cause.reason or 'error').replace('_', ' ').lower()}")
            case urllib3.exceptions.NameResolutionError():
                return NotListening(member, f"no address for {where}")
            case urllib3.exceptions.ConnectTimeoutError():
                return Silent(member, f"no connection to {where} within {CONNECT_WITHIN:g} s")
            case urllib3.exceptions.ReadTimeoutError() | TimeoutError() if endpoint.encrypted:
                # Over TLS, reads end with Impatient: this was the handshake or the sending.
                return Silent(member, f"no answer from {where} while connecting")
            case urllib3.exceptions.ReadTimeoutError() | TimeoutError():
                return Unreachable(member, "no answer in time")
            case ConnectionRefusedError():
                return NotListening(member, f"connection to {where} refused")
            case ConnectionError() | http.client.IncompleteRead():
                return Broken(member, f"connection to {where} cut")
            case OSError(strerror=str(said)) if said:
                return NotListening(member, f"no connection to {where}: {said}")
    return Broken(member, f"connection to {where} cut")


def _causes(error: BaseException) -> list[BaseException]:
    """The error and what it came from, innermost first."""
    causes = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__ or _argument(causes[-1])) and cause not in causes:
        causes.append(cause)
    return causes[::-1]


def _argument(error: BaseException) -> BaseException | None:
    """Where urllib3 keeps a cause that it did not chain: among the arguments."""
    return next((item for item in error.args if isinstance(item, BaseException)), None)
