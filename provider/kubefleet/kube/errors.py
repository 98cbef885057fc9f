"""What can go wrong between us and a member's API server. No error carries a credential or the value of a Secret."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_SECRET_VALUE: Final = re.compile(r"(Invalid value: |Unsupported value: |Duplicate value: ).*", re.DOTALL)
_LONGEST_MESSAGE: Final = 500


class MemberError(Exception):
    """Something failed at one member; `member` is its name."""

    def __init__(self, member: str, text: str) -> None:
        self.member = member
        super().__init__(f"{member}: {text}")


class Unreachable(MemberError):
    """No answer that can be trusted: refused, silent, cut, a certificate that does not verify. `why` is one line."""

    def __init__(self, member: str, why: str) -> None:
        self.why = why
        super().__init__(member, why)


class NoAccess(Unreachable):
    """The way to the member that the program gives leads nowhere: no such context, no credential. Nothing was asked."""


class NoIdentity(MemberError):
    """Whoever gives out tokens for a member refuses one, or is silent: that is no silence of the member."""


class NoAccount(NoIdentity):
    """Nobody has made the account yet that a token is for."""


class BadAnswer(MemberError):
    """The server answered with something that is not what Kubernetes sends."""


class Cancelled(MemberError):
    """The user cancelled the command while this member was being asked."""

    def __init__(self, member: str) -> None:
        super().__init__(member, "cancelled")


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause of a Kubernetes Status: the field's path, the reason's word, and what is said of it."""

    field: str
    reason: str
    message: str


class ApiError(MemberError):
    """The API server refused: `status` 404, `reason` `NotFound`, `message`, and Kubernetes' `causes` and `details`.

    `offered_continue` is the token that comes with 410 for a list that expired half-way; `retry_after` is in seconds.
    """

    def __init__(
        self,
        member: str,
        asked: str,
        status: int,
        reason: str,
        message: str,
        *,
        causes: tuple[Cause, ...] = (),
        details: Mapping[str, Any] | None = None,
        offered_continue: str = "",
        retry_after: float | None = None,
    ) -> None:
        self.status = status
        self.reason = reason
        self.message = message
        self.causes = causes
        self.details = dict(details or {})
        self.offered_continue = offered_continue
        self.retry_after = retry_after
        super().__init__(member, f"{asked}: {status} {reason}: {message}")


def read_status(
    member: str, asked: str, status: int, body: Mapping[str, Any], *, retry_after: float | None = None
) -> ApiError:
    """The error that a Kubernetes Status says; `body` may lack anything. `asked` is e.g. `GET /api/v1/nodes`.

    Where the request was for a Secret, what follows `Invalid value:` is left out.
    """
    details = body.get("details")
    details = details if isinstance(details, Mapping) else {}
    secret = "/secrets" in asked or details.get("kind") in {"secrets", "Secret"}
    raw_causes = details.get("causes")
    causes = tuple(
        Cause(str(item.get("field", "")), str(item.get("reason", "")), _safe(str(item.get("message", "")), secret))
        for item in (raw_causes if isinstance(raw_causes, list) else [])
        if isinstance(item, Mapping)
    )
    metadata = body.get("metadata")
    if retry_after is None and isinstance(details.get("retryAfterSeconds"), int | float):
        retry_after = float(details["retryAfterSeconds"])
    return ApiError(
        member,
        asked,
        status,
        str(body.get("reason") or _WORDS.get(status, "Error")),
        _safe(str(body.get("message") or "no message"), secret),
        causes=causes,
        details={key: details[key] for key in ("name", "group", "kind", "uid") if key in details},
        offered_continue=str(metadata.get("continue") or "") if isinstance(metadata, Mapping) else "",
        retry_after=retry_after,
    )


_WORDS: Final = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    429: "TooManyRequests",
    500: "InternalError",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "Timeout",
}


def _safe(message: str, secret: bool) -> str:
    if secret:
        message = _SECRET_VALUE.sub(r"\1(hidden)", message)
    message = " ".join(message.split())
    return message if len(message) <= _LONGEST_MESSAGE else message[:_LONGEST_MESSAGE] + " ..."
