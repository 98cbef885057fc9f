"""A connection to one member: JSON in, JSON out, every failure typed."""

import math
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import stamina
import urllib3

from kubefleet.kube.answer import Json, items_of, parse_object, parse_page, refusal_in, uid_of
from kubefleet.kube.ask import APPLY, JSON, Ask, make_ask
from kubefleet.kube.credential import CredentialSource
from kubefleet.kube.discovery import ApiCatalogue, ApiResource, DiscoveryCache
from kubefleet.kube.errors import ApiError
from kubefleet.kube.list_pages import Page
from kubefleet.kube.patience import Patience
from kubefleet.kube.retry import Backoff, RetryRule
from kubefleet.kube.transport import Transport
from kubefleet.kube.unauthorized import why_unauthorized

Body = Mapping[str, Any] | list[Any]
_RESTARTS: Final = 3
_MOST: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Connection:
    """One member's API server. Safe to use from several threads; views of it (`by`) share its sockets and discovery.

    Paths are `/api/v1/...`; query values are sent as they are, booleans as `true` and `false`, None is left out.
    Every method raises ApiError (the server refused), BadAnswer (not JSON), Unreachable or Cancelled, and tries again
    by itself where that is safe (`RetryRule`), for at most `patience.silence` seconds and never past the deadline.
    """

    name: str
    transport: Transport = field(repr=False)
    patience: Patience = field(repr=False)
    catalogue: DiscoveryCache = field(repr=False, default_factory=DiscoveryCache)
    rights: str = field(default="", repr=False)
    """What says what its identity may do, where the fleet itself writes that: for messages."""

    def by(self, deadline: float) -> "Connection":
        """A view whose requests all end by that moment of `time.monotonic`; a refused connection is final in it."""
        return replace(self, patience=replace(self.patience, deadline=deadline))

    def acting_with(self, source: CredentialSource) -> "Connection":
        """A connection to the same server under another identity. What the server serves is known to both."""
        return replace(self, transport=Transport(self.name, self.transport.endpoint, source))

    def get(self, path: str, *, accept: str = JSON, **query: object) -> Json:
        """One GET."""
        return self._ask("GET", path, query, accept=accept)

    def get_text(self, path: str, **query: object) -> str:
        """One GET of something that is not JSON, as `/readyz` is."""
        return self._send("GET", path, query, accept="*/*").decode(errors="replace")

    def ask_once(self, path: str, query: str, *, seconds: float) -> tuple[int, bytes]:
        """One GET that is never tried again, within so many seconds: status and the beginning of the body (1 MiB),
        whatever they are. For what an API server passes on to others, whose answers are no refusals of its own.
        """
        end = min(time.monotonic() + seconds, self.patience.deadline or math.inf)
        patience = replace(self.patience, silence=seconds, deadline=end)
        ask = replace(make_ask("GET", path, {}, accept="*/*"), query=query)
        answer = self.transport.send(ask, patience, connect_within=seconds)
        body = b""
        try:
            while len(body) < _MOST and (more := self.transport.read_some(answer, patience)):
                body += more
        finally:
            answer.close()
        return answer.status, body

    def list(
        self, path: str, limit: int = 500, *, accept: str = JSON, page: Page | None = None, **query: object
    ) -> Iterator[Json]:
        """The items of a list, page by page: at most one page is held. No object comes twice.

        With `page`, one of `list_pages`, only what that names is kept: much faster. A list that expires half-way
        (410) goes on with the token that the server offers, else from its start. Items have no apiVersion and kind, as
        in any Kubernetes list.
        """
        token, restarts = "", 0
        seen: set[str] = set()
        while True:
            try:
                more = {**query, "limit": limit, "continue": token or None}
                data = self._send("GET", path, more, accept=accept)
            except ApiError as error:
                restarts += 1
                if error.status != 410 or not token or restarts > _RESTARTS:
                    raise
                token = error.offered_continue
                continue
            found = parse_object(self.name, path, data) if page is None else parse_page(self.name, path, data, page)
            for item in items_of(self.name, path, found):
                uid = uid_of(item)
                if restarts and uid in seen:
                    continue
                seen.add(uid)
                yield item
            metadata = found.get("metadata")
            token = str(metadata.get("continue") or "") if isinstance(metadata, dict) else ""
            if not token:
                return

    def patch(self, path: str, body: Body, content_type: str = APPLY, **query: object) -> Json:
        """One PATCH, by default a server-side apply; the object as it is then."""
        return self._ask("PATCH", path, query, body=body, content_type=content_type)

    def post(self, path: str, body: Mapping[str, Any], **query: object) -> Json:
        """One POST; what was created."""
        return self._ask("POST", path, query, body=body)

    def delete(self, path: str, body: Mapping[str, Any] | None = None, **query: object) -> Json:
        """One DELETE with DeleteOptions as `body`; the object or a Status."""
        return self._ask("DELETE", path, query, body=body)

    def stream(self, path: str, *, silence: float, **query: object) -> Generator[Json]:
        """The lines of an answer that goes on (a watch), until the server ends it.

        Raises Unreachable when it is cut or when `silence` seconds pass without a byte; never tried again by itself.
        Closing the iterator closes the request.
        """
        patience = replace(self.patience, silence=silence)
        ask = make_ask("GET", path, query)
        answer = self._open(ask, time.monotonic() + self.patience.silence)
        rest = b""
        try:
            self._check(ask, answer)
            while more := self.transport.read_some(answer, patience):
                *lines, rest = (rest + more).split(b"\n")
                for line in lines:
                    yield parse_object(self.name, path, line)
        finally:
            answer.close()

    def apis(self, *, fresh: bool = False) -> ApiCatalogue:
        """What the server serves, from its discovery documents; kept, unless `fresh`."""
        return self.catalogue.read(self.name, self.get, fresh=fresh)

    def namespaced_resources(self) -> tuple[ApiResource, ...]:
        """Every listable namespaced kind, in one version each."""
        return self.apis().namespaced()

    def resource_of(self, api_version: str, kind: str) -> ApiResource | None:
        """How a kind is served, None when it is not. Discovery is read again when it is not known: a CRD may have
        come since.
        """
        return self.apis().find(api_version, kind) or self.apis(fresh=True).find(api_version, kind)

    def path_of(self, api_version: str, kind: str, namespace: str = "", name: str = "") -> str:
        """The path of an object, or of its collection without a name.

        Raises ApiError 404 with reason `KindNotServed` when the server does not serve the kind, and ValueError when a
        namespaced object names no namespace.
        """
        found = self.resource_of(api_version, kind)
        if found is None:
            message = f"the server has no {kind} of {api_version}"
            raise ApiError(self.name, "discovery", 404, "KindNotServed", message, details={"kind": kind})
        return found.path(namespace, name)

    def close(self) -> None:
        """Close the sockets."""
        self.transport.close()

    def _ask(self, method: str, path: str, query: Mapping[str, object], **rest: Any) -> Json:
        return parse_object(self.name, path, self._send(method, path, query, **rest))

    def _send(self, method: str, path: str, query: Mapping[str, object], **rest: Any) -> bytes:
        """One request with its retries; the body of a good answer."""
        endpoint = self.transport.endpoint
        ask = make_ask(method, path, query, compress=endpoint.compress and not endpoint.local, **rest)
        end = time.monotonic() + self.patience.silence
        if self.patience.deadline is not None:
            end = min(end, self.patience.deadline)
        rule = RetryRule(ask, once=self.patience.deadline is not None)
        fresh = False
        for attempt in stamina.retry_context(Backoff(rule, end), attempts=None, timeout=None):
            with attempt:
                answer = self._open(ask, end, fresh=fresh)
                if answer.status == 401 and not fresh:
                    # The credential may have been revoked or rotated: one new one, one more try.
                    self.transport.read(answer, self.patience)
                    fresh = True
                    answer = self._open(ask, end, fresh=True)
                self._check(ask, answer)
                return self.transport.read(answer, self.patience)
        raise AssertionError("a retry loop ends with a result or an exception")

    def _open(self, ask: Ask, end: float, *, fresh: bool = False) -> urllib3.BaseHTTPResponse:
        """The head of the answer to one attempt; connecting ends by `end`."""
        connect_within = max(end - time.monotonic(), 0.1)
        return self.transport.send(ask, self.patience, connect_within=connect_within, fresh=fresh)

    def _check(self, ask: Ask, answer: urllib3.BaseHTTPResponse) -> None:
        """Raise the ApiError that an answer other than 2xx means."""
        if not 200 <= answer.status < 300:
            text = self.transport.read(answer, self.patience)
            why = self._why_unauthorized(answer) if answer.status == 401 else ""
            raise refusal_in(self.name, ask.what, answer.status, text, answer.headers.get("Retry-After", ""), why=why)

    def _why_unauthorized(self, answer: urllib3.BaseHTTPResponse) -> str:
        try:
            shown = self.transport.source.current(self.patience)
        except ValueError:
            return ""  # it has been shown, and cannot be had any more: there is nothing to go by
        return why_unauthorized(shown, answer.headers.get("Date", ""), time.time())
