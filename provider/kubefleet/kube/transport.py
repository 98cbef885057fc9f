"""HTTP to one API server: a pool of verified connections, the credential, and every failure as one line."""

import ssl
import threading
import urllib.request
from typing import Final
from urllib.parse import unquote, urlsplit

import urllib3

from kubefleet.kube.ask import Ask
from kubefleet.kube.credential import Credential, CredentialSource, NobodyThere, NoToken
from kubefleet.kube.endpoint import Endpoint
from kubefleet.kube.errors import NoAccess, NoAccount, NoIdentity
from kubefleet.kube.failure import CONNECT_WITHIN, FAILURES, explain
from kubefleet.kube.patience import Impatient, Patience
from kubefleet.kube.tls import make_tls

_POOL: Final = 32
_SPARE: Final = 7


class Transport:
    """Sends requests to one server; safe to use from several threads.

    `source` says under which identity. `spare` counts how many requests work on many objects may have under way beyond
    one for each caller.
    """

    def __init__(self, member: str, endpoint: Endpoint, source: CredentialSource) -> None:
        self.member = member
        self.endpoint = endpoint
        self.spare = threading.BoundedSemaphore(_SPARE)
        self.source = source
        self._lock = threading.Lock()
        self._pool: urllib3.PoolManager | None = None
        self._shown: tuple[str, str] = ("", "")

    def send(
        self,
        ask: Ask,
        patience: Patience,
        *,
        connect_within: float = CONNECT_WITHIN,
        fresh: bool = False,
    ) -> urllib3.BaseHTTPResponse:
        """The answer's head; its body is still to be read, with `read`. `fresh` asks for a new credential first.

        Raises Unreachable (Broken, Silent or NotListening where trying again may help), NoAccess, NoIdentity,
        Cancelled.
        """
        credential = self._credential(patience, fresh=fresh)
        try:
            with patience.active():
                return self._pool_for(credential).urlopen(
                    ask.method,
                    self.endpoint.server + ask.target,
                    body=ask.data,
                    headers=dict((*ask.headers, *credential.headers)),
                    timeout=urllib3.Timeout(
                        connect=patience.left(min(CONNECT_WITHIN, connect_within)), read=patience.silence
                    ),
                    preload_content=False,
                    retries=False,
                    redirect=False,
                )
        except FAILURES as error:
            raise explain(error, self.member, self.endpoint) from error

    def read(self, answer: urllib3.BaseHTTPResponse, patience: Patience) -> bytes:
        """The whole body. Raises as `send`."""
        try:
            with patience.active():
                return answer.read(decode_content=True)
        except FAILURES as error:
            answer.close()
            raise explain(error, self.member, self.endpoint) from error
        finally:
            answer.release_conn()

    def read_some(self, answer: urllib3.BaseHTTPResponse, patience: Patience) -> bytes:
        """What has arrived of a body that goes on, empty at its end. Raises as `send`."""
        try:
            with patience.active():
                return answer.read1(decode_content=True)
        except FAILURES as error:
            answer.close()
            raise explain(error, self.member, self.endpoint) from error

    def close(self) -> None:
        """Close idle connections; requests that run end by themselves."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.clear()

    def _credential(self, patience: Patience, *, fresh: bool) -> Credential:
        if not self.endpoint.encrypted:
            return Credential()  # a credential never travels in clear, not even on this machine
        try:
            return self.source.current(patience, fresh=fresh)
        except NobodyThere as error:
            raise NoAccount(self.member, str(error)) from error
        except NoToken as error:
            raise NoIdentity(self.member, str(error)) from error
        except ValueError as error:
            raise NoAccess(self.member, str(error)) from error
        except Impatient as error:
            raise explain(error, self.member, self.endpoint) from error

    def _pool_for(self, credential: Credential) -> urllib3.PoolManager:
        """The pool, made anew when the client certificate has changed."""
        shown = (credential.certificate, credential.key)
        with self._lock:
            if self._pool is None or shown != self._shown:
                try:
                    self._pool = _make_pool(self.endpoint, make_tls(self.endpoint.ca, *shown))
                except ValueError as error:
                    raise NoAccess(self.member, str(error)) from error
                self._shown = shown
            return self._pool


def _make_pool(endpoint: Endpoint, context: ssl.SSLContext) -> urllib3.PoolManager:
    """A pool, through a proxy if there is one. Raises ValueError for a proxy that is not http or https."""
    name = endpoint.server_name or None
    proxy = endpoint.proxy or _proxy_of_environment(endpoint)
    if not proxy:
        return urllib3.PoolManager(maxsize=_POOL, ssl_context=context, server_hostname=name)
    parts = urlsplit(proxy)
    if parts.scheme not in {"http", "https"}:
        raise ValueError(f"bad proxy of scheme `{parts.scheme}` (expected http or https)")
    user = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else None
    return urllib3.ProxyManager(
        proxy,
        maxsize=_POOL,
        ssl_context=context,
        server_hostname=name,
        proxy_headers=urllib3.make_headers(proxy_basic_auth=user) if user else None,
    )


def _proxy_of_environment(endpoint: Endpoint) -> str:
    """HTTPS_PROXY and NO_PROXY, as kubectl obeys them: this machine is never behind a proxy."""
    parts = urlsplit(endpoint.server)
    if endpoint.local or urllib.request.proxy_bypass(parts.hostname or ""):
        return ""
    return urllib.request.getproxies().get(parts.scheme, "")
