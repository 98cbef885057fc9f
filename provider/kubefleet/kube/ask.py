"""One HTTP request, ready to be sent as often as needed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode

JSON: Final = "application/json"
APPLY: Final = "application/apply-patch+yaml"
_AGENT: Final = "pulumi-kubefleet"


@dataclass(frozen=True, slots=True)
class Ask:
    """Method, path, encoded query and body; `what` names it in errors."""

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    data: bytes | None = field(default=None, repr=False)

    @property
    def target(self) -> str:
        """Path and query as they travel."""
        return quote(self.path, safe="/:@!$&'()*+,;=~") + (f"?{self.query}" if self.query else "")

    @property
    def what(self) -> str:
        """E.g. `GET /api/v1/nodes`."""
        return f"{self.method} {self.path}"

    @property
    def repeatable(self) -> bool:
        """Whether doing it twice is doing it once, also for whoever reads the second answer.

        A PUT or a patch with a resourceVersion that succeeded unseen would answer 409 the second time.
        """
        return self.method in {"GET", "DELETE"} or ("Content-Type", APPLY) in self.headers


def make_ask(
    method: str,
    path: str,
    query: Mapping[str, object],
    *,
    accept: str = JSON,
    body: Mapping[str, Any] | list[Any] | None = None,
    content_type: str = JSON,
    compress: bool = False,
) -> Ask:
    """A request. Query booleans travel as `true` and `false`, None is left out; `body` becomes JSON."""
    headers = [("Accept", accept), ("User-Agent", _AGENT)]
    data = None
    if body is not None:
        data = json.dumps(body, separators=(",", ":")).encode()
        headers.append(("Content-Type", content_type))
    if compress:
        headers.append(("Accept-Encoding", "gzip"))
    pairs = [(key, _text(value)) for key, value in query.items() if value is not None]
    return Ask(method, path, urlencode(pairs), tuple(headers), data)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
