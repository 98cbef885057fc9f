"""HTTP probes of health checks as users write them: `{object: Service/shop/web, http: /ready, port: 8080}`."""

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator

from kubefleet.health.checks import HttpProbe
from kubefleet.health.checks.http_probe import PROBED
from kubefleet.model.subject import Subject
from kubefleet.spec.mistakes import Mistake, join
from kubefleet.spec.scalars import Scalar, Text
from kubefleet.spec.written import Written

_PATH: Final = re.compile(r"/[^\s#]*", re.ASCII)
_DOTS: Final = frozenset({".", ".."})
_PORT_NAME: Final = re.compile(r"(?=.*[a-z])[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)
_LAST_PORT: Final = 65535
_NO_RIGHT: Final = (
    "it takes the right to `proxy`, which identities of a fleet's placements never have (expected another check, or a "
    "gate with an `http` address)."
)
_GROUPS: Final = (None, "", "apps")


def _port(raw: object) -> object:
    text = str(int(raw)) if isinstance(raw, float) and raw.is_integer() else str(raw)
    number = int(text) if text.isdecimal() else 0
    if isinstance(raw, bool) or not (_PORT_NAME.fullmatch(text) or 0 < number <= _LAST_PORT):
        raise ValueError(f"bad port `{raw}` (expected a number from 1 to {_LAST_PORT}, or the name of a port)")
    return text


class WrittenProbe(Written):
    """`http` is the path of a GET."""

    http: Text | None = None
    port: Annotated[Scalar, BeforeValidator(_port)] | None = None
    scheme: Literal["http", "https"] = "http"
    contains: Text | None = None


def parse_http_probe(
    written: WrittenProbe, subject: Subject | None, path: str, mistakes: list[Mistake]
) -> HttpProbe | None:
    """A probe of what the check is about, or None after adding to `mistakes`."""
    before = len(mistakes)
    text = str(written.http)
    if not _PATH.fullmatch(text) or _DOTS & set(text.partition("?")[0].split("/")):
        message = f"bad path `{text}` (expected one such as `/ready`: where it is sent to is what the check is about)."
        mistakes.append(Mistake(join(path, "http"), message))
    if subject is not None and (subject.kind not in PROBED or subject.group not in _GROUPS):
        message = f"a {subject.kind} cannot be sent a request (expected one of {', '.join(PROBED)})."
        mistakes.append(Mistake(path, message))
    if len(mistakes) > before:
        return None
    return HttpProbe(text, written.port or "", written.scheme, written.contains or "")


def refuse_http_probes(raw: object, path: str, mistakes: list[Mistake]) -> None:
    """Add a mistake for each of the checks that asks by HTTP, for fleets whose placements have rights of their own."""
    for index, check in enumerate(raw if isinstance(raw, list | tuple) else ()):
        if isinstance(check, Mapping) and check.get("http") is not None:
            mistakes.append(Mistake(join(path, index, "http"), _NO_RIGHT))
